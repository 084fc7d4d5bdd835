import t from '../support/tap.ts'
import { call } from '../support/clients/http.ts'
import { connect, join, openSocket, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { startChat } from '../support/data/accounts.ts'
import { at, integerAt } from '../support/data/json.ts'
import { Outbox } from '../support/data/outbox.ts'
import { eventually, within } from '../support/deadline.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { spawnReplica } from '../support/servers/process.ts'
import { temporaryFolder } from '../support/servers/program.ts'
import { createDatabase } from '../support/servers/database.ts'
import { openEmbeddedStore, temporaryStore } from '../support/servers/embedded-store.ts'
import { scrape } from '../support/clients/metrics.ts'
import { connectRaw } from '../support/clients/raw-client.ts'
import { storedMessages } from '../support/data/stored-messages.ts'
import { startTcpProxy } from '../support/servers/tcp-proxy.ts'
import { refusedUpgrade } from '../support/clients/upgrades.ts'
import { openChat, readHistory, signUp } from '../support/clients/visitor.ts'

const DEADLINE_MS = 60_000
const POSTS_IN_FLIGHT = 20
/** Long enough to look around while the server leaves. */
const DRAIN_DELAY = '4s'
const OTHERS = 30
const RESTART = 1012

t.setTimeout(300_000)
const isAck = (frame: Frame) => frame['type'] === 'ack'

/** Keeps some posts on the way until the socket is closed. @returns what was acknowledged, by seq */
async function postUntilClosed (socket: SocketClient, chatID: number): Promise<Map<number, string>> {
  let count = 0
  const post = () => {
    socket.send({ type: 'post_msg', chatID, text: `text ${String(count)}`, ref: `text ${String(count)}` })
    count++
  }
  while (count < POSTS_IN_FLIGHT) post()
  for (let open = true; open;) {
    const ack = await socket.next(isAck, DEADLINE_MS).catch(() => undefined)
    if (ack === undefined) open = false
    else post()
  }
  return new Map(socket.frames.filter(isAck).map((ack) => [integerAt(ack, 'seq'), String(ack['ref'])]))
}

await t.test(
  'SIGTERM drains: readiness fails first, then sockets are refused, then those there are told to go elsewhere',
  async (t) => {
    const folder = await temporaryStore(t)
    const server = await spawnReplica(t, { DATA_DIR: folder, RATE_LIMITS: 'off', DRAIN_DELAY, DRAIN_WINDOW: '2s' })
    const outbox = new Outbox(folder)
    const [ann, bob] = [await signUp(server, outbox), await signUp(server, outbox)]
    const chatID = await openChat(server, ann, bob)
    const [poster, reader, stranger] = [
      await connect(t, server, ann.token),
      await join(t, server, bob.token, chatID),
      await openSocket(t, server)
    ]
    const others = await Promise.all(Array.from({ length: OTHERS }, async () => connect(t, server, bob.token)))
    const posting = postUntilClosed(poster, chatID)
    await reader.next((frame) => frame['type'] === 'new_message', DEADLINE_MS)

    server.kill('SIGTERM')
    t.ok(
      await eventually(async () => (await call(`${server.url}/readyz`, 'GET')).status === 503, DEADLINE_MS),
      'readiness fails'
    )
    t.equal((await call(`${server.url}/livez`, 'GET')).status, 200, 'while it is alive')
    const request = await call(`${server.url}/verify-connection`, 'GET')
    t.strictSame(
      [request.status, request.headers.get('connection')],
      [200, 'close'],
      'requests are answered, and connections are not kept'
    )
    const late = await join(t, server, bob.token, chatID)
    t.pass('whom the balancer still sends is let in')
    const { length } = poster.frames
    t.ok(
      await eventually(async () => {
        await call(`${server.url}/livez`, 'GET')
        return poster.frames.slice(length).some(isAck)
      }, DEADLINE_MS),
      'and everybody is served'
    )

    const all = [poster, reader, stranger, late, ...others]
    const codes = all.map(async (socket) => socket.closed(DEADLINE_MS))
    await Promise.race(codes)
    const { status, retryAfter, body } = await refusedUpgrade(t, server)
    t.strictSame(
      [status, retryAfter, at(body, 'code')],
      [503, '1', 'draining'],
      'once the first is closed no socket is let in'
    )
    t.ok(
      await Promise.any(others.map(async (socket) => socket.barrier().then(() => true))),
      'while others are still served'
    )

    t.strictSame(new Set(await Promise.all(codes)), new Set([RESTART]))
    t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })

    const acknowledged = await posting
    const store = await openEmbeddedStore(folder)
    t.teardown(() => store.close())
    const rows = await storedMessages(store, chatID)
    t.strictSame(
      rows.map(({ seq }) => seq),
      rows.map((_, index) => index + 1)
    )
    const texts = new Map(rows.map(({ seq, text }) => [seq, text]))
    t.ok(acknowledged.size > 0, `${String(acknowledged.size)} posts were acknowledged, ${String(rows.length)} stored`)
    t.strictSame(
      [...acknowledged].filter(([seq, text]) => texts.get(seq) !== text),
      [],
      'each acknowledged one is stored under its seq'
    )
    for (const socket of [reader, late]) {
      const seen = socket.frames
        .filter((frame) => frame['type'] === 'new_message')
        .map((frame) => integerAt(frame, 'seq'))
      t.strictSame(
        seen,
        seen.map((_, index) => (seen[0] ?? 0) + index),
        'and no reader missed one in between'
      )
    }
  }
)

await t.test('what a client posts before it hears of the close is stored', async (t) => {
  const cluster = await startCluster(t, {
    environment: { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1', DRAIN_WINDOW: '1ms' },
    inspectable: true
  })
  const { ann, chatID } = await startChat(cluster)
  const replica = cluster.replica(0)
  const client = await connectRaw(t, replica, ann.accessToken)
  const closing = replica.close()
  t.equal(await client.closed, RESTART)
  t.equal((await scrape(replica)).value('chat_draining'), 1)
  client.send({ type: 'post_msg', chatID, text: 'crossed the close', ref: 1 })
  client.send({ type: 'join_chat', chatID, ref: 2 })
  client.close(RESTART)
  await closing
  t.strictSame(
    (await storedMessages(cluster, chatID)).map(({ text }) => text),
    ['crossed the close']
  )
  t.strictSame(
    client.frames.filter(({ ref }) => ref !== undefined),
    [],
    'though nothing can be said of it any more'
  )
})

await t.test('who is thrown out meanwhile posts nothing', async (t) => {
  const cluster = await startCluster(t, { environment: { DRAIN_WINDOW: '1ms' }, inspectable: true })
  const { ann, chatID } = await startChat(cluster)
  const replica = cluster.replica(0)
  const client = await connectRaw(t, replica, ann.accessToken)
  const closing = replica.close()
  t.equal(await client.closed, RESTART)
  t.equal(
    (await cluster.post('/api/auth/logout', {}, { headers: { authorization: `Bearer ${ann.accessToken}` } })).status,
    200
  )
  client.send({ type: 'post_msg', chatID, text: 'too late' })
  client.close(RESTART)
  await closing
  t.strictSame(await storedMessages(cluster, chatID), [])
})

await withServices(t, 'with a Postgres that hangs', async (t, { databaseUrl }) => {
  const url = new URL(await createDatabase(t, databaseUrl))
  const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port === '' ? '5432' : url.port) })
  url.host = `127.0.0.1:${String(proxy.port)}`
  const DATA_DIR = await temporaryFolder(t)
  const start = async (environment: Record<string, string>) =>
    spawnReplica(t, {
      DATA_DIR,
      DATABASE_URL: url.href,
      JWT_SECRET: 'k'.repeat(32),
      MAIL_TRANSPORT: 'file',
      RATE_LIMITS: 'off',
      ...environment
    })
  const post = async (socket: SocketClient, chatID: number) => {
    proxy.hold()
    socket.send({ type: 'post_msg', chatID, text: 'under way', ref: 1 })
    // What is answered behind it was read behind it.
    await socket.barrier()
  }

  await t.test('a post that is under way is waited for and acknowledged', async (t) => {
    const server = await start({ DRAIN_WINDOW: '1ms', DATABASE_TIMEOUT: '1m', POST_DEADLINE: '1m' })
    const outbox = new Outbox(DATA_DIR)
    const [ann, bob] = [await signUp(server, outbox), await signUp(server, outbox)]
    const chatID = await openChat(server, ann, bob)
    const [socket, idle] = [await connect(t, server, ann.token), await connect(t, server, bob.token)]
    await post(socket, chatID)
    server.kill('SIGTERM')
    t.equal(await idle.closed(DEADLINE_MS), RESTART, 'others leave without it')
    proxy.release()
    t.hasStrict(await socket.next(isAck, DEADLINE_MS), { ref: 1, seq: 1 })
    t.equal(await socket.closed(DEADLINE_MS), RESTART)
    t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })
  })

  await t.test('it is not waited for beyond DRAIN_TIMEOUT', async (t) => {
    const server = await start({
      DRAIN_WINDOW: '1ms',
      DRAIN_TIMEOUT: '1s',
      DATABASE_TIMEOUT: '1m',
      POST_DEADLINE: '1m'
    })
    const outbox = new Outbox(DATA_DIR)
    const [ann, bob] = [await signUp(server, outbox), await signUp(server, outbox)]
    const chatID = await openChat(server, ann, bob)
    const socket = await connect(t, server, ann.token)
    await post(socket, chatID)
    server.kill('SIGTERM')
    t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 1, signal: null })
    t.match(server.stdout(), 'the drain took too long')
    proxy.release()
    const next = await start({})
    t.strictSame(
      (await readHistory(next, ann, chatID)).map(({ message }) => message),
      ['under way'].slice(0, (await readHistory(next, ann, chatID)).length),
      'it was never acknowledged, and is there once or not at all'
    )
  })
})
