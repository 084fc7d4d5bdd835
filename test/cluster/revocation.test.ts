import t, { type Test } from '../support/tap.ts'
import { expectRefusal } from '../support/checks/answers.ts'
import { connect, type SocketClient } from '../support/clients/socket.ts'
import { logIn, register, type Account } from '../support/data/accounts.ts'
import { expectSentence } from '../support/data/emotechat.ts'
import { at } from '../support/data/json.ts'
import { eventually } from '../support/deadline.ts'
import { startCluster, type Cluster } from '../support/servers/cluster.ts'
import { onServices, withServices } from '../support/servers/deployments.ts'
import { withFaults } from '../support/servers/faulty-bus.ts'
import { startRedisServer, withRedisServers } from '../support/servers/redis-server.ts'

const POLICY_VIOLATION = 1008
const DEADLINE_MS = 30_000
/** Longer than any test: whatever closes a socket, it is not the look-up. */
const NEVER = { SESSION_CHECK_INTERVAL: '1h' }
const OFTEN = { SESSION_CHECK_INTERVAL: '300ms' }

/** A user with a socket on every replica, and another session of theirs that must not suffer. */
type Scene = { account: Account, sockets: SocketClient[], bystanderToken: string, bystanders: SocketClient[] }

async function setScene (t: Test, cluster: Cluster): Promise<Scene> {
  const account = await register(cluster)
  const { accessToken: bystanderToken } = await logIn(cluster, account)
  const everywhere = (token: string) => Promise.all(cluster.replicas.map((replica) => connect(t, replica, token)))
  const scene = {
    account,
    sockets: await everywhere(account.accessToken),
    bystanderToken,
    bystanders: await everywhere(bystanderToken)
  }
  for (const replica of cluster.replicas.keys())
    t.equal((await fetchChats(cluster, account.accessToken, replica)).status, 200)
  return scene
}

const fetchChats = (cluster: Cluster, token: string, replica: number) =>
  cluster.post('/chat/fetch-chats', { session_token: token }, { replica })

/** Logs out on the first replica, and finds the token dead on all of them by the time that is answered. */
async function logOut (t: Test, cluster: Cluster, { account: { accessToken } }: Scene): Promise<void> {
  t.equal((await cluster.call('POST', '/api/auth/logout', { bearer: accessToken, replica: 0 })).status, 200)
  for (const replica of cluster.replicas.keys()) {
    expectRefusal(t, await fetchChats(cluster, accessToken, replica), 401, `ChatCLI on replica ${String(replica)}`)
    expectSentence(
      t,
      await cluster.get('/api/auth/validate', { bearer: accessToken, replica }),
      401,
      `EmoteChat on replica ${String(replica)}`
    )
    const late = connect(t, cluster.replica(replica), accessToken)
    await t.rejects(late, /closed with 1008/, `a socket on replica ${String(replica)}`)
  }
}

async function expectBystanders (t: Test, cluster: Cluster, { bystanders, bystanderToken }: Scene): Promise<void> {
  for (const [replica, socket] of bystanders.entries()) {
    t.strictSame(await socket.barrier(), [])
    t.equal((await fetchChats(cluster, bystanderToken, replica)).status, 200)
  }
}

async function expectClosed (t: Test, sockets: readonly SocketClient[]): Promise<void> {
  for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), POLICY_VIOLATION)
}

await t.test('by the bus', async (t) => {
  await onServices(
    t,
    async (t, cluster) => {
      await t.test('a logout reaches requests and sockets on every replica', async (t) => {
        const scene = await setScene(t, cluster)
        await logOut(t, cluster, scene)
        await expectClosed(t, scene.sockets)
        await expectBystanders(t, cluster, scene)
      })

      await t.test('so does the end of a session whose spent refresh token came back', async (t) => {
        const scene = await setScene(t, cluster)
        const refresh = (token: unknown) => cluster.post('/user/refresh-token', { refresh_token: token })
        const { body } = await refresh(scene.account.refreshToken)
        t.equal((await refresh(scene.account.refreshToken)).status, 401)
        for (const replica of cluster.replicas.keys())
          expectRefusal(t, await fetchChats(cluster, String(at(body, 'access_token')), replica), 401)
        await expectClosed(t, scene.sockets)
        await expectBystanders(t, cluster, scene)
      })
    },
    { environment: { ...NEVER, REFRESH_REUSE_GRACE: '1ms' } }
  )
})

await t.test(
  'when the bus loses it, a logout reaches requests at once, and sockets at the next look-up of their sessions',
  async (t) => {
    await onServices(
      t,
      async (t, cluster) => {
        const scene = await setScene(t, cluster)
        await logOut(t, cluster, scene)
        await expectClosed(t, scene.sockets)
        await expectBystanders(t, cluster, scene)
      },
      { environment: OFTEN, wrapBus: (bus) => withFaults(bus, () => []) }
    )
  }
)

await withServices(t, 'with a Redis that goes', async (t, services) => {
  await withRedisServers(
    t,
    'a logout reaches requests and the sockets of its own replica at once, and all others when Redis is back',
    async (t) => {
      const redis = await startRedisServer(t)
      const cluster = await startCluster(t, { services: { ...services, redisUrl: redis.url }, environment: NEVER })
      const scene = await setScene(t, cluster)
      await redis.stop()
      const isDegraded = async () =>
        (await Promise.all(cluster.replicas.map((_, replica) => cluster.get('/readyz', { replica })))).every(
          ({ text }) => text.includes('degraded')
        )
      t.ok(await eventually(isDegraded, DEADLINE_MS))
      await logOut(t, cluster, scene)
      const [here, ...elsewhere] = scene.sockets
      await expectClosed(t, here === undefined ? [] : [here])
      for (const socket of elsewhere) t.strictSame(await socket.barrier(), [], 'nothing has told the others')
      await redis.start()
      await expectClosed(t, elsewhere)
      await expectBystanders(t, cluster, scene)
    }
  )
})
