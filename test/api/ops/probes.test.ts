import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import t, { type Test } from '../../support/tap.ts'
import { call, type Answer } from '../../support/clients/http.ts'
import { eventually, within } from '../../support/deadline.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { spawnReplica } from '../../support/servers/process.ts'
import { temporaryStore } from '../../support/servers/embedded-store.ts'
import { startRedisServer, withRedisServers } from '../../support/servers/redis-server.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 60_000

t.setTimeout(300_000)

/** Where a server is. */
type Server = { url: string }

const probe = ({ url }: Server, path: string) => call(url + path, 'GET')
const brief = ({ status, body }: Answer) => ({ status, body })
const OK = { status: 200, body: { status: 'ok', database: 'up', bus: 'up' } }
const unavailable = (reason: string) => ({ status: 503, body: { status: 'unavailable', database: 'down', reason } })
const GONE = unavailable('no server listens there')
const DEGRADED = { status: 200, body: { status: 'degraded', database: 'up', bus: 'down' } }

/** Waits until readiness says so. */
async function becomes (
  t: Test,
  server: Server,
  expected: { status: number, body: unknown },
  title: string
): Promise<void> {
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
    const server = (
      await startCluster(t, { replicas: 1, services: { databaseUrl: proxied.href, redisUrl: redis.url } })
    ).replica(0)
    const alive = async (title: string) =>
      t.strictSame(brief(await probe(server, '/livez')), { status: 200, body: { status: 'ok' } }, title)
    await becomes(t, server, OK, 'it is ready')

    const welcomes = async (state: string) => {
      const { status, text } = await probe(server, '/')
      t.strictSame([status, /class="state[^"]*">([^<]*)</.exec(text)?.[1]], [200, state], 'people are told the same')
      t.notMatch(text, /redis|database|postgres|bus|store/i, 'and nothing of what it is made of')
    }
    await welcomes('Running')

    await redis.stop()
    await becomes(t, server, DEGRADED, 'without its Redis it is ready, and says what is missing')
    await welcomes('Running, messages may be late')
    await alive('it is alive without its Redis')
    await redis.start()
    await becomes(t, server, OK, 'it finds its Redis again by itself')

    await proxy.cut()
    await becomes(t, server, GONE, 'without its database it is not ready')
    await welcomes('Not available now')
    await alive('it is alive without its database')
    await redis.stop()
    await becomes(t, server, GONE, 'nor without both')
    await proxy.open()
    await becomes(t, server, DEGRADED, 'it finds its database again by itself')
    await redis.start()
    await becomes(t, server, OK, 'and then its Redis')

    proxy.hold()
    await becomes(t, server, unavailable('the server does not answer'), 'a database that does not answer is none')
    await alive('it is alive while it waits')
    proxy.release()
    await becomes(t, server, OK, 'until it answers again')
  })
})

const folder = await temporaryStore(t)
await t.test('SIGINT ends it in order as well', async (t) => {
  const server = await spawnReplica(t, { DATA_DIR: folder })
  server.kill('SIGINT')
  t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })
})

await t.test('a client that says nothing, or half of it, does not hold up the end', async (t) => {
  const server = await spawnReplica(t, { DATA_DIR: folder })
  const beginnings = [
    '',
    'GET /livez HTTP/1.1\r\nhost: x\r\n',
    'POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'
  ]
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
