import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from '../../support/tap.ts'
import { growth } from '../../support/clients/metrics.ts'
import { connectRaw, openRaw, upgradeToEnd, type RawClient } from '../../support/clients/raw-client.ts'
import { connect, openSocket } from '../../support/clients/socket.ts'
import { register } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import { eventually, within } from '../../support/deadline.ts'
import { startCluster, type Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const DEADLINE_MS = 15_000
/** `ws` itself waits so long for the answer to a close. */
const LIBRARY_CLOSE_TIMEOUT_MS = 30_000
const LIMIT = 3
const [REFUSED, TRY_AGAIN_LATER] = [1008, 1013]
const METRICS = { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' }
const SECRET = 'a-token-in-a-query-string'

const openCount = (cluster: Cluster) => cluster.replica(0).app.websocketServer.clients.size

await onEmbedded(t, async (t, cluster) => {
  const replica = cluster.replica(0)

  await t.test('an upgrade at any URL but that of a socket is answered by HTTP, and the connection ends', async (t) => {
    const before = openCount(cluster)
    const targets: [target: string, status: number][] = [
      ['GET /', 400],
      [`GET /?token=${SECRET}`, 400],
      ['GET /app/', 400],
      ['GET /app/assets/app.js', 400],
      ['GET /livez', 400],
      ['GET /docs', 400],
      ['GET /chat', 400],
      ['GET /api/conversations', 400],
      ['POST /user/login', 400],
      ['GET /nowhere', 404],
      [`GET /ws/1?token=${SECRET}`, 401],
      [`GET /ws/1/deeper?token=${SECRET}`, 404],
      ['GET /api/nowhere', 404],
      ['POST /ws', 404],
      ['HEAD /ws', 404],
      ['OPTIONS /ws', 404],
      ['GET /%zz', 400],
      ['GET /api/%zz', 400]
    ]
    for (const [target, status] of targets) {
      const answer = await upgradeToEnd(t, replica, target)
      t.ok(answer.startsWith(`HTTP/1.1 ${String(status)} `), `${target}: ${answer.slice(0, 30)}`)
      t.match(answer, /x-content-type-options: nosniff/i, 'with the headers of every answer')
    }
    t.equal(openCount(cluster), before)
    t.notOk(cluster.log.some((line) => line.includes(SECRET)), 'no query is logged')
  })

  await t.test('an upgrade at the URL of a socket becomes one, also with a slash and a query', async (t) => {
    const { accessToken } = await register(cluster)
    await connect(t, replica, accessToken)
    for (const path of ['/', '?x=1']) {
      const socket = await openSocket(t, { url: replica.url }, `/ws${path}`)
      socket.send({ type: 'auth', token: accessToken })
      t.equal((await socket.next())['type'], 'auth_ack', path)
    }
  })
})

/** The lines about sockets that did not authenticate, without what differs in every run. */
function failuresIn (log: readonly string[]): unknown[] {
  return log
    .map((line): unknown => JSON.parse(line))
    .filter((line) => at(line, 'msg') === 'authentication' && at(line, 'event') === 'socket')
    .map((line) => [at(line, 'result'), at(line, 'address')])
}

/** Waits for the end of a connection whose client does not answer the close of the server. */
async function gone (client: RawClient): Promise<number | undefined> {
  const code = await within(client.closed, DEADLINE_MS, 'the close')
  await within(client.ended, LIBRARY_CLOSE_TIMEOUT_MS / 2, 'the end of the connection')
  return code
}

await t.test('a socket that does not get in is gone and logged, whether its client answers or not', async (t) => {
  const cluster = await startCluster(t, {
    environment: { ...METRICS, AUTH_DEADLINE: '300ms', MAX_SOCKETS_PER_USER: '1' }
  })
  const replica = cluster.replica(0)
  const { accessToken } = await register(cluster)

  const silent = await openRaw(t, replica)
  t.equal(await gone(silent), REFUSED)

  const wrong = await openRaw(t, replica)
  wrong.send({ type: 'auth', token: `${accessToken}x` })
  t.equal(await gone(wrong), REFUSED)

  const first = await connectRaw(t, replica, accessToken)
  const second = await openRaw(t, replica)
  second.send({ type: 'auth', token: accessToken })
  t.equal(await gone(second), TRY_AGAIN_LATER)
  const isAlone = async () => (await cluster.get('/livez')).status === 200 && openCount(cluster) === 1
  t.ok(await eventually(isAlone, DEADLINE_MS), 'they count no more')

  t.strictSame(failuresIn(cluster.log), [
    ['timeout', '127.0.0.1'],
    ['unauthenticated', '127.0.0.1'],
    ['too_many_sockets', '127.0.0.1']
  ])
  t.notOk(cluster.log.some((line) => line.includes(accessToken.slice(-12))), 'no token is in the log')
  first.send({ type: 'unheard_of' })
  await first.until(() => first.frames.length === 2, 'an answer')
  t.pass('a socket that got in outlives the deadline')
})

await t.test('the sockets of one network that have not authenticated are few', async (t) => {
  const cluster = await startCluster(t, {
    environment: {
      ...METRICS,
      RATE_LIMITS: 'on',
      TRUST_PROXY: '127.0.0.1',
      MAX_UNAUTHENTICATED_PER_ADDRESS: String(LIMIT)
    }
  })
  const replica = cluster.replica(0)
  const { accessToken } = await register(cluster)
  const from = (address: string) => openRaw(t, replica, [`X-Forwarded-For: ${address}`])
  const statusOf = ({ head }: RawClient) => Number(head.split(' ')[1])
  const opensFrom = async (t: Test, address: string, title: string) =>
    t.ok(await eventually(async () => statusOf(await from(address)) === 101, DEADLINE_MS), title)

  const sockets: RawClient[] = []
  for (let host = 1; host <= LIMIT; host++) sockets.push(await from(`2001:db8:1:2::${String(host)}`))
  t.strictSame(sockets.map(statusOf), [101, 101, 101])
  const refusals = await growth(
    replica,
    'chat_overload_refusals_total',
    { reason: 'unauthenticated' },
    async () => {
      const refused = await from('2001:db8:1:2:ffff::9')
      t.match(refused.head, /^HTTP\/1\.1 503 [^]*\r\nretry-after: \d/i)
    }
  )
  t.equal(refusals, 1)
  t.equal(statusOf(await from('2001:db8:1:3::1')), 101, 'another /64 has room')
  t.equal(statusOf(await from('192.0.2.1')), 101, 'and so has an IPv4 address')

  sockets[0]?.send({ type: 'auth', token: accessToken })
  await sockets[0]?.until(() => sockets[0]?.frames[0]?.['type'] === 'auth_ack', 'the auth_ack')
  t.equal(statusOf(await from('2001:db8:1:2::4')), 101, 'a socket that authenticates makes room at once')
  t.equal(statusOf(await from('2001:db8:1:2::5')), 503, 'for one')
  sockets[1]?.drop()
  await turn()
  await opensFrom(t, '2001:db8:1:2::6', 'a socket that is gone makes room')
  sockets[2]?.send({ type: 'auth', token: 'nonsense' })
  await opensFrom(t, '2001:db8:1:2::7', 'so does one that is refused, once it is gone')
})
