import calculateSlot from 'cluster-key-slot'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from '../../support/tap.ts'
import { Ear, testBus } from './suite.ts'
import { eventually, within } from '../../support/deadline.ts'
import { ROOT } from '../../support/servers/process.ts'
import { redisCommand, startRedisCluster } from '../../support/servers/redis-cluster.ts'
import { addressOf, withRedisServers } from '../../support/servers/redis-server.ts'
import { newPrefix, openWatchedBus } from '../../support/servers/watched-bus.ts'

const DEADLINE_MS = 30_000
const CHANNELS = 60

/**
 * Connects, and disconnects as soon as it has asked again whose the slots are. What `connect()` promises may never
 * come, since a first answer that not all is well yet begins another try.
 */
const ASKER = `
import { connectRedisCluster } from './dist/lib/redis/connection.js'
const cluster = connectRedisCluster(JSON.parse(process.argv[1]), 'asker')
cluster.connect().catch(() => undefined)
await new Promise((resolve) => cluster.once('ready', resolve))
const ask = cluster.refreshSlotsCache
cluster.refreshSlotsCache = (callback) => {
  cluster.refreshSlotsCache = ask
  cluster.refreshSlotsCache(callback)
  cluster.disconnect()
}
`

t.setTimeout(300_000)
await withRedisServers(t, 'a Redis Cluster', async (t) => {
  const cluster = await startRedisCluster(t)
  /** How many connections follow each channel, server by server. */
  const subscribers = async (...channels: string[]) => {
    const counts = await Promise.all(
      cluster.servers.map(async (server) => {
        const lines = (await redisCommand(server, 'pubsub', 'shardnumsub', ...channels)).split('\n')
        return new Map(channels.map((channel) => [channel, Number(lines[lines.indexOf(channel) + 1])]))
      })
    )
    return (channel: string) => counts.map((count) => count.get(channel))
  }

  await t.test('keeps the contract', async (t) => {
    await testBus(t, async (t, replicas) => {
      const prefix = newPrefix()
      const first = await openWatchedBus(t, cluster.url, prefix)
      const others = await Promise.all(
        Array.from({ length: replicas - 1 }, () => openWatchedBus(t, cluster.url, prefix))
      )
      return [first.bus, ...others.map(({ bus }) => bus)]
    })
  })

  await t.test('each channel is on the node of its slot, and on no other', async (t) => {
    const prefix = newPrefix()
    const { bus } = await openWatchedBus(t, cluster.url, prefix)
    const names = Array.from({ length: CHANNELS }, (_, index) => `chat:${String(index)}`)
    await Promise.all(names.map((name) => bus.subscribe(name, () => undefined)))
    const used = new Set<number>()
    const [countsOf, ownerOf] = await Promise.all([
      subscribers(...names.map((name) => prefix + name)),
      cluster.owners()
    ])
    for (const name of names) {
      const owner = ownerOf(calculateSlot(prefix + name))
      t.strictSame(
        countsOf(prefix + name),
        cluster.servers.map((server) => (server === owner ? 1 : 0))
      )
      used.add(owner.port)
    }
    t.equal(used.size, cluster.servers.length, 'every node carries some')
  })

  await t.test('a slot that moves takes its channels along, and the others are not disturbed', async (t) => {
    const prefix = newPrefix()
    const [one, other] = [await openWatchedBus(t, cluster.url, prefix), await openWatchedBus(t, cluster.url, prefix)]
    const ears = Array.from({ length: CHANNELS }, () => new Ear())
    await Promise.all(ears.map((ear, index) => one.bus.subscribe(`chat:${String(index)}`, ear.handler)))
    // Waited for from before: on a slow machine it is down and up again by the time that the slot has moved.
    const [target] = await Promise.all([cluster.moveSlot(calculateSlot(`${prefix}chat:7`)), one.comes(false)])
    t.pass('the bus says that something may have been missed')
    await one.comes(true)
    const seven = `${prefix}chat:7`
    t.ok(
      await eventually(
        async () =>
          (await subscribers(seven))(seven).every(
            (count, index) => count === (cluster.servers[index] === target ? 1 : 0)
          ),
        DEADLINE_MS
      ),
      'subscribed where the slot is now'
    )
    // The other replica may not have heard of the move yet.
    t.ok(
      await eventually(async () => {
        other.bus.publish('chat:7', Buffer.from('moved'))
        await redisCommand(target, 'ping')
        return ears[7]?.words.includes('moved') === true
      }, DEADLINE_MS)
    )
    for (const index of ears.keys()) other.bus.publish(`chat:${String(index)}`, Buffer.from('all'))
    await Promise.all(ears.map((ear) => ear.hears('all')))
  })

  await t.test('a node that is away takes the bus down, and back up with every subscription', async (t) => {
    const prefix = newPrefix()
    const [one, other] = [await openWatchedBus(t, cluster.url, prefix), await openWatchedBus(t, cluster.url, prefix)]
    const ears = Array.from({ length: CHANNELS }, () => new Ear())
    await Promise.all(ears.map((ear, index) => one.bus.subscribe(`chat:${String(index)}`, ear.handler)))
    const [server] = cluster.servers
    await server?.stop()
    await one.comes(false)
    await server?.start()
    await Promise.all([one.comes(true), other.comes(true)])
    for (const index of ears.keys()) other.bus.publish(`chat:${String(index)}`, Buffer.from('again'))
    await Promise.all(ears.map((ear) => ear.hears('again')))
  })

  await t.test('a closed bus leaves nothing behind', async (t) => {
    const { bus } = await openWatchedBus(t, cluster.url)
    await bus.subscribe('chat:1', () => undefined)
    await within(bus.close(), DEADLINE_MS, 'the bus to close')
    t.equal(bus.isUp, false)
    const clients = async () =>
      (await Promise.all(cluster.servers.map((server) => redisCommand(server, 'client', 'list')))).join('\n')
    t.ok(await eventually(async () => !(await clients()).includes('name=confab-'), DEADLINE_MS))
  })

  await t.test('a process that is told to disconnect while it asks for the slots can end', async (t) => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', ASKER, JSON.stringify(addressOf(cluster.url))],
      { cwd: ROOT, env: {}, stdio: ['ignore', 'inherit', 'inherit'] }
    )
    t.teardown(() => child.kill('SIGKILL'))
    t.strictSame(await within(once(child, 'exit'), DEADLINE_MS, 'the process to end'), [0, null])
  })
})
