/** Presence is right again when a replica or Redis has died, and says nothing that is not known meanwhile. */
import t from '../support/tap.ts'
import { connectRealtime, request, userIdOf } from '../support/clients/realtime.ts'
import { connect, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { type Account, createChat, startChat, register } from '../support/data/accounts.ts'
import { startCluster, JWT_SECRET } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { isUserChannel, withFaults } from '../support/servers/faulty-bus.ts'
import { spawnReplica } from '../support/servers/process.ts'
import { startRedisServer, withRedisServers } from '../support/servers/redis-server.ts'

const PRESENCE = { PRESENCE: 'on', PRESENCE_LEASE: '1s', PRESENCE_OFFLINE_DELAY: '100ms' }

const status = ({ username }: Account, online: boolean): Frame => ({ type: 'user_status', username, online })

/** Waits until a socket is told something of a user; frames about others are passed over. */
const nextOf = (socket: SocketClient, { username }: Account) =>
  socket.next((frame) => frame['type'] === 'user_status' && frame['username'] === username)

t.setTimeout(300_000)

await withServices(t, 'with Postgres, and a Redis of its own', async (t, services) => {
  await withRedisServers(t, 'that dies', async (t) => {
    const redis = await startRedisServer(t)
    const environment = {
      ...PRESENCE,
      DATABASE_URL: await createStore(t, services.databaseUrl),
      REDIS_URL: redis.url,
      REDIS_PREFIX: 'confab:'
    }
    const cluster = await startCluster(t, { services, replicas: 2, environment, inspectable: true })
    const { ann, bob } = await startChat(cluster)
    const cy = await register(cluster)
    await createChat(cluster, cy, ann)
    const watch = async (replica: number, account: Account) => {
      const socket = await connect(t, cluster.replica(replica), account.accessToken)
      socket.send({ type: 'join_idle' })
      await socket.next(({ type }) => type === 'online_users')
      return socket
    }
    const anns = await watch(0, ann)
    const watcher = await connectRealtime(t, cluster.replica(0), ann.accessToken)
    const bobsId = `cf~${String(await userIdOf(cluster.orm, bob.username))}`
    await request(watcher, { type: 'watch', users: [bobsId] })
    const nextStatus = async () => {
      const { type, user, status } = await watcher.next()
      t.strictSame({ type, user }, { type: 'presence', user: bobsId })
      return status
    }
    t.equal(await nextStatus(), 'offline')

    await t.test('the users of a replica that is killed are offline soon, and online with another one', async (t) => {
      const dying = await spawnReplica(t, {
        ...environment, JWT_SECRET, DATABASE_POOL: '4', RATE_LIMITS: 'off', HASH_MEMORY: '64', HASH_PASSES: '1'
      })
      await connect(t, dying, bob.accessToken)
      t.strictSame(await nextOf(anns, bob), status(bob, true))
      t.equal(await nextStatus(), 'online')
      dying.kill('SIGKILL')
      t.strictSame(await nextOf(anns, bob), status(bob, false))
      t.equal(await nextStatus(), 'offline')
      const bobs = await connect(t, cluster.replica(1), bob.accessToken)
      t.strictSame(await nextOf(anns, bob), status(bob, true))
      await bobs.close()
      t.strictSame(await nextOf(anns, bob), status(bob, false))
      t.strictSame([await nextStatus(), await nextStatus()], ['online', 'offline'])
    })

    await t.test('while Redis is away only those of the same replica are online for sure', async (t) => {
      for (const [replica, user] of [[1, bob], [0, cy]] as const) {
        await connect(t, cluster.replica(replica), user.accessToken)
        t.strictSame(await nextOf(anns, user), status(user, true))
      }
      t.equal(await nextStatus(), 'online')
      await redis.stop()
      t.strictSame(await nextOf(anns, bob), status(bob, false), 'unknown, which is shown like offline')
      t.equal(await nextStatus(), 'unknown')
      const late = await connect(t, cluster.replica(0), ann.accessToken)
      late.send({ type: 'join_idle' })
      t.strictSame(await late.next(), { type: 'online_users', users: [cy.username] })
      await redis.start()
      for (const socket of [anns, late]) t.strictSame(await socket.next(), status(bob, true), 'nothing of cy')
      t.equal(await nextStatus(), 'online')
    })

    t.strictSame(cluster.log.filter((line) => /"level":(50|60)/.test(line)), [], 'no error is in the log')
  })

  await t.test('hints are lost: it is right all the same', async (t) => {
    const cluster = await startCluster(t, {
      services,
      environment: PRESENCE,
      wrapBus: (bus) => withFaults(bus, (channel) => (isUserChannel(channel) ? [] : undefined))
    })
    const { ann, bob } = await startChat(cluster)
    const anns = await connect(t, cluster.replica(0), ann.accessToken)
    anns.send({ type: 'join_idle' })
    t.strictSame(await anns.next(), { type: 'online_users', users: [] })
    const bobs = await connect(t, cluster.replica(1), bob.accessToken)
    t.strictSame(await anns.next(), status(bob, true))
    await bobs.close()
    t.strictSame(await anns.next(), status(bob, false))
  })
})
