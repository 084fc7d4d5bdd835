import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { listMessagesAfter } from '../src/store/messages.ts'
import { openPglite } from '../src/store/pglite.ts'
import {
  call, connect, eventually, integerAt, join, openSocket, Outbox, spawnReplica, startCluster, within, withServices, type Answer, type Frame, type SocketClient
} from './harness.ts'
import { ensureBuilt, temporaryFolder } from './harness/built-server.ts'
import { startRedisServer, withRedisServers } from './harness/redis-server.ts'
import { startTcpProxy } from './harness/tcp-proxy.ts'
import { openChat, signUp } from './harness/visitor.ts'

const DEADLINE_MS = 60_000
const POSTS_IN_FLIGHT = 20
const ALL = 100_000
/** Long enough to look around while the server drains. */
const DRAIN_DELAY = '5s'

t.setTimeout(300_000)

/** Where a server is. */
type Server = { url: string }

const probe = ({ url }: Server, path: string) => call(url + path, 'GET')
const brief = ({ status, body }: Answer) => ({ status, body })
const OK = { status: 200, body: { status: 'ok', database: 'up', bus: 'up' } }
const UNAVAILABLE = { status: 503, body: { status: 'unavailable', database: 'down' } }
const DEGRADED = { status: 200, body: { status: 'degraded', database: 'up', bus: 'down' } }

/** Waits until readiness says so. */
async function becomes (t: Test, server: Server, expected: { status: number, body: unknown }, title: string): Promise<void> {
  let last: unknown
  await eventually(async () => {
    last = brief(await probe(server, '/readyz'))
    return JSON.stringify(last) === JSON.stringify(expected)
  }, DEADLINE_MS)
  t.strictSame(last, expected, title)
}

await t.test('a server with everything embedded is alive and ready', async (t) => {
  const server = (await startCluster(t)).replica(0)
  t.strictSame(brief(await probe(server, '/livez')), { status: 200, body: { status: 'ok' } })
  const ready = await probe(server, '/readyz')
  t.strictSame(brief(ready), OK)
  t.equal(ready.headers.get('cache-control'), 'no-store')
})

await withServices(t, 'readiness follows the services of a replica, liveness does not', async (t, { databaseUrl }) => {
  await withRedisServers(t, 'while they come and go', async (t) => {
    const { hostname, port } = new URL(databaseUrl)
    const proxy = await startTcpProxy(t, { host: hostname, port: Number(port === '' ? '5432' : port) })
    const proxied = new URL(databaseUrl)
    proxied.host = `127.0.0.1:${String(proxy.port)}`
    const redis = await startRedisServer(t)
    const server = (await startCluster(t, { replicas: 1, services: { databaseUrl: proxied.href, redisUrl: redis.url } })).replica(0)
    const alive = async (title: string) => t.strictSame(brief(await probe(server, '/livez')), { status: 200, body: { status: 'ok' } }, title)
    await becomes(t, server, OK, 'it is ready')

    await redis.stop()
    await becomes(t, server, DEGRADED, 'without its Redis it is ready, and says what is missing')
    await alive('it is alive without its Redis')
    await redis.start()
    await becomes(t, server, OK, 'it finds its Redis again by itself')

    await proxy.cut()
    await becomes(t, server, UNAVAILABLE, 'without its database it is not ready')
    await alive('it is alive without its database')
    await redis.stop()
    await becomes(t, server, UNAVAILABLE, 'nor without both')
    await proxy.open()
    await becomes(t, server, DEGRADED, 'it finds its database again by itself')
    await redis.start()
    await becomes(t, server, OK, 'and then its Redis')

    proxy.hold()
    await becomes(t, server, UNAVAILABLE, 'a database that does not answer is none')
    await alive('it is alive while it waits')
    proxy.release()
    await becomes(t, server, OK, 'until it answers again')
  })
})

await ensureBuilt()

const folder = await temporaryFolder(t)
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

/** The status with which an upgrade is refused. */
async function refusedUpgrade (t: Test, server: Server): Promise<number | undefined> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`)
  t.teardown(() => socket.terminate())
  const refusal = new Promise<IncomingMessage>((resolve, reject) => {
    socket.once('unexpected-response', (_request, response) => resolve(response))
    socket.once('open', () => reject(new Error('The upgrade was not refused.')))
    socket.once('error', reject)
  })
  const response = await within(refusal, DEADLINE_MS, 'the upgrade to be refused')
  response.destroy()
  return response.statusCode
}

await t.test('SIGTERM drains: readiness fails, sockets are told to go elsewhere, no acknowledged post is lost', async (t) => {
  const server = await spawnReplica(t, { DATA_DIR: folder, RATE_LIMITS: 'off', DRAIN_DELAY, DRAIN_WINDOW: '200ms' })
  const outbox = new Outbox(folder)
  const [ann, bob] = [await signUp(server, outbox), await signUp(server, outbox)]
  const chatID = await openChat(server, ann, bob)
  const [poster, reader, stranger] = [await connect(t, server, ann.token), await join(t, server, bob.token, chatID), await openSocket(t, server)]
  const posting = postUntilClosed(poster, chatID)
  await reader.next((frame) => frame['type'] === 'new_message', DEADLINE_MS)

  server.kill('SIGTERM')
  await becomes(t, server, { status: 503, body: { status: 'draining' } }, 'readiness fails at once')
  t.equal((await probe(server, '/livez')).status, 200, 'while it is alive')
  t.equal(await refusedUpgrade(t, server), 503, 'and takes no new socket')
  const { length } = poster.frames
  t.ok(await eventually(async () => {
    await probe(server, '/livez')
    return poster.frames.slice(length).some(isAck)
  }, DEADLINE_MS), 'those it has are served on')

  const codes = await Promise.all([poster, reader, stranger].map((socket) => socket.closed(DEADLINE_MS)))
  t.strictSame(codes, [1012, 1012, 1012])
  t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })

  const acknowledged = await posting
  const store = await openPglite(folder)
  t.teardown(() => store.close())
  const rows = await listMessagesAfter(store.orm, chatID, 0, ALL)
  t.strictSame(rows.map(({ seq }) => seq), rows.map((_, index) => index + 1))
  const texts = new Map(rows.map(({ seq, text }) => [seq, text]))
  t.ok(acknowledged.size > 0, `${String(acknowledged.size)} posts were acknowledged, ${String(rows.length)} stored`)
  t.strictSame([...acknowledged].filter(([seq, text]) => texts.get(seq) !== text), [], 'each acknowledged one is stored under its seq')
  const seen = reader.frames.filter((frame) => frame['type'] === 'new_message').map((frame) => integerAt(frame, 'seq'))
  t.strictSame(seen, seen.map((_, index) => index + 1), 'and the reader missed none in between')
})

await t.test('SIGINT ends it in order as well', async (t) => {
  const server = await spawnReplica(t, { DATA_DIR: folder })
  server.kill('SIGINT')
  t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })
})

await t.test('a client that says nothing, or half of it, does not hold up the end', async (t) => {
  const server = await spawnReplica(t, { DATA_DIR: folder })
  const beginnings = ['', 'GET /livez HTTP/1.1\r\nhost: x\r\n', 'POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{']
  for (const beginning of beginnings) {
    const client = connectTcp(Number(new URL(server.url).port), '127.0.0.1')
    t.teardown(() => client.destroy())
    client.on('error', () => undefined)
    await within(once(client, 'connect'), DEADLINE_MS, 'a connection')
    client.write(beginning)
  }
  // What was sent on other connections before has arrived when this is answered.
  await probe(server, '/livez')
  server.kill('SIGTERM')
  t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })
})
