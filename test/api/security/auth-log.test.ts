import t, { type Test } from '../../support/tap.ts'
import { expectOk } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { createChat, register } from '../../support/data/accounts.ts'
import { registerEmote } from '../../support/data/emotechat.ts'
import { at, integerAt, isRecord } from '../../support/data/json.ts'
import { linkIn } from '../../support/data/outbox.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { leaksIn } from '../../support/checks/confidential.ts'

const WRONG = 'Wrong-Pass-1'
const ADDRESS = '127.0.0.1'

/** The lines about who got in, each without what differs in every run. */
function eventsOf (log: readonly string[]): unknown[] {
  return linesOf(log)
    .filter((line) => at(line, 'msg') === 'authentication')
    .map((line) => {
      return Object.fromEntries(
        ['event', 'result', 'detail', 'userId', 'address'].flatMap((field) =>
          at(line, field) === undefined ? [] : [[field, at(line, field)]]
        )
      )
    })
}

function linesOf (log: readonly string[]): unknown[] {
  return log.map((line): unknown => JSON.parse(line))
}

/** What is logged while something is done. */
async function logOf (cluster: Cluster, work: () => Promise<unknown>): Promise<string[]> {
  const start = cluster.log.length
  await work()
  return cluster.log.slice(start)
}

async function expectEvents (t: Test, cluster: Cluster, work: () => Promise<unknown>, events: object[]): Promise<void> {
  t.strictSame(
    eventsOf(await logOf(cluster, work)),
    events.map((event) => ({ ...event, address: ADDRESS }))
  )
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('every line is JSON, and the lines about a request have its id', async (t) => {
      const lines = linesOf(
        await logOf(cluster, async () =>
          cluster.post('/user/login', { username: uniqueName('nobody\n-'), password: WRONG })
        )
      )
      t.ok(lines.every((line) => isRecord(line)))
      const ids = lines.map((line) => at(line, 'reqId'))
      t.equal(lines.length, 2, 'the event and the request')
      t.ok(typeof ids[0] === 'string' && ids[0] !== '')
      t.equal(ids[0], ids[1])
    })

    await t.test('who gets into ChatCLI, and who does not, is logged with account, address and result', async (t) => {
      const ann = await register(cluster)
      const bob = await registerEmote(cluster)
      const userId = integerAt(
        (await cluster.get('/api/auth/validate', { bearer: ann.accessToken })).body,
        'user',
        'id'
      )
      const { username, password, email } = ann
      await expectEvents(t, cluster, async () => cluster.post('/user/login', { username, password }), [
        { event: 'login', result: 'ok', userId }
      ])
      await expectEvents(t, cluster, async () => cluster.post('/user/login', { username, password: WRONG }), [
        { event: 'login', result: 'wrong_credentials', userId }
      ])
      await expectEvents(
        t,
        cluster,
        async () => cluster.post('/user/login', { username: uniqueName('nobody-'), password }),
        [{ event: 'login', result: 'wrong_credentials' }]
      )
      await expectEvents(t, cluster, async () => cluster.post('/user/register', ann), [
        { event: 'register', result: 'account_taken' }
      ])
      await expectEvents(
        t,
        cluster,
        async () => cluster.post('/user/verify-email', { username, email_token: '000000' }),
        [{ event: 'verify', result: 'wrong_code', userId }]
      )
      await expectEvents(
        t,
        cluster,
        async () => cluster.post('/user/refresh-token', { refresh_token: ann.refreshToken }),
        [{ event: 'refresh', result: 'ok', userId }]
      )
      await expectEvents(
        t,
        cluster,
        async () => cluster.post('/user/refresh-token', { refresh_token: ann.refreshToken }),
        [{ event: 'refresh', result: 'invalid_refresh_token', detail: 'reused: the session is revoked', userId }]
      )
      await expectEvents(t, cluster, async () => cluster.post('/user/reset-password-request', { username }), [
        { event: 'reset-request', result: 'ok', userId }
      ])
      const { pathname, search } = linkIn(await cluster.outbox.take(email))
      const fresh = uniqueName('Fresh-9')
      const reset = async () => cluster.post(pathname + search, { password: fresh, confirm_password: fresh })
      await expectEvents(t, cluster, reset, [{ event: 'reset', result: 'ok', userId }])
      await expectEvents(t, cluster, reset, [{ event: 'reset', result: 'invalid_reset_token' }])
      t.match(
        (await cluster.outbox.take(email)).subject,
        /password was changed/,
        'and its owner hears of the new password'
      )
      t.ok(bob.id !== userId)
    })

    await t.test('who gets into EmoteChat too', async (t) => {
      const { id: userId, email, password, token } = await registerEmote(cluster)
      await expectEvents(t, cluster, async () => cluster.post('/api/auth/login', { email, password }), [
        { event: 'login', result: 'ok', userId }
      ])
      await expectEvents(t, cluster, async () => cluster.post('/api/auth/login', { email, password: WRONG }), [
        { event: 'login', result: 'wrong_credentials', userId }
      ])
      await expectEvents(t, cluster, async () => cluster.call('POST', '/api/auth/logout', { bearer: token }), [
        { event: 'logout', result: 'ok', userId }
      ])
      await expectEvents(t, cluster, async () => cluster.post('/api/password/reset-request', { email }), [
        { event: 'reset-request', result: 'ok', userId }
      ])
      await expectEvents(
        t,
        cluster,
        async () => cluster.post('/api/password/reset', { token: 'nonsense', password: 'a pass phrase' }),
        [{ event: 'reset', result: 'invalid_reset_token' }]
      )
    })

    await t.test('what a chat says is in no line', async (t) => {
      const [ann, bob] = [await register(cluster), await register(cluster)]
      const chatID = await createChat(cluster, ann, bob)
      const text = uniqueName('nobody else may read this ')
      const log = await logOf(cluster, async () => {
        const socket = await connect(t, cluster.replica(0), ann.accessToken)
        socket.send({ type: 'post_msg', chatID, text, ref: 'r' })
        await socket.next((frame) => frame['type'] === 'ack')
        t.equal((await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID })).status, 200)
        await socket.close()
      })
      t.notOk(log.join('').includes(text))
    })

    await t.test('the search over the whole log finds what it looks for', async (t) => {
      const { username, email } = await register(cluster)
      expectOk(t, await cluster.post('/user/reset-password-request', { username }), 'Password reset email sent!')
      const mail = await cluster.outbox.take(email)
      const token = linkIn(mail).searchParams.get('token') ?? ''
      const text = uniqueName('a text of a "message" ')
      const line = (value: unknown) =>
        `${JSON.stringify({ level: 30, time: 1_700_123_456_789, pid: 123_456, said: value })}\n`
      const code = { ...mail, text: 'Hello\n\n123456\n' }
      t.strictSame(leaksIn([line('nothing')], [text], [mail, code]), [])
      for (const said of [text, token, { url: `/x?token=${token}` }, '123456', 123_456, { code: 'is 123456.' }]) {
        t.equal(leaksIn([line(said)], [text], [mail, code]).length, 1, typeof said)
      }
    })
  },
  { environment: { REFRESH_REUSE_GRACE: '1ms' } }
)
