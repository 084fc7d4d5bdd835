/** A hundred thousand wrong inputs in all, over both deployments: the process lives, and says what is wrong. */
import t, { type Test } from '../../support/tap.ts'
import { connect, join, type SocketClient } from '../../support/clients/socket.ts'
import { startChat } from '../../support/data/accounts.ts'
import { at, integerAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { seedOf } from '../../support/data/random.ts'
import { Mutations } from './mutations.ts'

const FRAMES = Number(process.env['CONFAB_FUZZ_FRAMES'] ?? 47_500)
const BODIES = Number(process.env['CONFAB_FUZZ_BODIES'] ?? 2_500)
/** Frames that are sent before an answer is waited for. */
const VOLLEY = 250
const CALLERS = 8
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/xml',
  '/',
  'nonsense'
]
const ROUTES = [
  '/subscribe',
  '/user/register',
  '/user/verify-email',
  '/user/login',
  '/user/refresh-token',
  '/user/reset-password-request',
  '/user/reset-password',
  '/chat/fetch-chats',
  '/chat/create-chat',
  '/chat/messages',
  '/verify-connection',
  '/api/auth/register',
  '/api/auth/login',
  '/api/password/reset-request',
  '/api/password/reset'
]

await onOneDeployment(t, async (t, cluster) => {
  const seed = seedOf(t)
  await t.test('frames', (t) => sendFrames(t, cluster, new Mutations(seed)))
  await t.test('bodies', (t) => sendBodies(t, cluster, new Mutations(seed)))

  await t.test('afterwards every replica serves as before', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    for (const [index, replica] of cluster.replicas.entries()) {
      t.equal((await cluster.get('/readyz', { replica: index })).status, 200)
      const [reader, writer] = [
        await join(t, replica, bob.accessToken, chatID),
        await connect(t, cluster.replica(index + 1), ann.accessToken)
      ]
      writer.send({ type: 'post_msg', chatID, text: 'still here' })
      t.equal(integerAt(await reader.next(), 'seq'), index + 1)
    }
  })
})

async function sendFrames (t: Test, cluster: Cluster, mutations: Mutations): Promise<void> {
  const { ann, chatID } = await startChat(cluster)
  const inputs = [
    { type: 'auth', token: ann.accessToken },
    { type: 'join_chat', chatID },
    { type: 'join_chat', chatID, after: 0, ref: 'j' },
    { type: 'leave_chat', chatID, ref: 1 },
    { type: 'post_msg', chatID, text: 'Hello' },
    { type: 'post_msg', chatID, text: 'Hello \u{1F600}', clientMessageID: 'c-1', ref: 'r' }
  ].map((frame) => JSON.stringify(frame))
  let [volleys, sockets] = [0, 0]
  let socket: SocketClient | undefined
  for (; volleys * VOLLEY < FRAMES; volleys++) {
    socket ??= await connect(t, cluster.replica(sockets++), ann.accessToken)
    for (let count = 0; count < VOLLEY; count++) socket.sendText(mutations.mutant(inputs))
    // Bytes that are no UTF-8 end the socket, as RFC 6455 wants it; everything else is answered and lived with.
    socket = await settle(t, socket)
  }
  t.pass(`${String(volleys * VOLLEY)} frames on ${String(sockets)} sockets`)
}

/** Waits until all that was sent is answered. @returns the socket, unless it was closed for broken UTF-8 */
async function settle (t: Test, socket: SocketClient): Promise<SocketClient | undefined> {
  try {
    await socket.barrier()
    return socket
  } catch {
    const code = await socket.closed()
    if (code !== 1007) t.fail(`A socket was closed with ${String(code)}.`)
    return undefined
  }
}

async function sendBodies (t: Test, cluster: Cluster, mutations: Mutations): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const { username, email, password } = ann
  const inputs = [
    { username, email, password },
    { username, email_token: '123456' },
    { refresh_token: ann.refreshToken },
    { token: 'cpr_x', username, password, confirm_password: password },
    { receiver: bob.username, session_token: ann.accessToken },
    { session_token: ann.accessToken, chatID, limit: 5, before: 3, after: 1 },
    { name: 'Ann', email, password }
  ].flatMap((body) => [
    JSON.stringify(body),
    Object.entries(body)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&')
  ])
  const complaints: string[] = []
  let sent = 0
  const call = async () => {
    while (sent++ < BODIES) {
      const [target, type, text] = [
        mutations.pick(ROUTES),
        mutations.pick(TYPES),
        new Uint8Array(mutations.mutant(inputs))
      ]
      const answer = await cluster.call('POST', target, { raw: { type, text } })
      const isSaid = answer.status < 400 || typeof at(answer.body, 'message') === 'string'
      if (answer.status >= 500 || !isSaid)
        complaints.push(
          `${target} ${type} ${String(answer.status)} ${answer.text.slice(0, 200)} for ` +
          Buffer.from(text).toString('base64').slice(0, 400)
        )
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  t.strictSame(complaints, [])
}
