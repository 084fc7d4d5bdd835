import t, { type Test } from '../../support/tap.ts'
import { connectRedis, connectRedisCluster } from '../../../src/lib/redis/connection.ts'
import { RedisPresence } from '../../../src/presence/redis.ts'
import { onlineAmong, testPresence } from './suite.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { eventually } from '../../support/deadline.ts'
import { startRedisCluster } from '../../support/servers/redis-cluster.ts'
import { addressOf, startRedisServer, withRedisServers } from '../../support/servers/redis-server.ts'

const LONG_MS = 600_000
const NOBODY: ReadonlyMap<number, number> = new Map()

type Place = { url: string, prefix: string }

async function open (t: Test, { url, prefix }: Place, leaseMs = LONG_MS, scope = 'one'): Promise<RedisPresence> {
  const address = addressOf(url)
  const redis = (address.kind === 'cluster' ? connectRedisCluster : connectRedis)(address, 'presence', {
    commandTimeout: 500
  })
  redis.on('error', () => undefined)
  const leases = new RedisPresence({ redis, prefix, scope: () => scope, replica: uniqueName('replica-'), leaseMs })
  t.teardown(() => leases.close())
  await redis.connect()
  return leases
}

await withRedisServers(t, 'in Redis', async (t) => {
  const server = await startRedisServer(t)
  const newPlace = (): Place => ({ url: server.url, prefix: uniqueName('test-') })

  await t.test('keeps the contract', async (t) => {
    const place = newPlace()
    await testPresence(t, await open(t, place), await open(t, place))
  })

  await t.test('a user of two replicas is online until both have removed the user', async (t) => {
    const place = newPlace()
    const [one, other] = [await open(t, place), await open(t, place)]
    for (const leases of [one, other]) {
      await leases.renew()
      await leases.update([1], NOBODY)
    }
    await one.update([], new Map([[1, 1]]))
    t.strictSame(await onlineAmong(one, [1]), [true])
    await other.update([], new Map([[1, 2]]))
    t.strictSame(await onlineAmong(one, [1]), [false])
  })

  await t.test('what a dead replica has entered ends with its lease, and others see that it is gone', async (t) => {
    const place = newPlace()
    const [dying, other] = [await open(t, place, 300), await open(t, place)]
    await dying.renew()
    await dying.update([1], NOBODY)
    const both = (await other.renew()).replicas
    t.strictSame(await onlineAmong(other, [1]), [true])
    t.ok(await eventually(async () => (await onlineAmong(other, [1]))[0] === false))
    t.not((await other.renew()).replicas, both)
    t.equal((await dying.renew()).entered, 0, 'the replica learns that it must enter its users again')
    t.equal((await other.renew()).replicas, both)
  })

  await t.test('a lease that is not renewed any more can be given a shorter life', async (t) => {
    const place = newPlace()
    const [ending, other] = [await open(t, place), await open(t, place)]
    await ending.renew()
    await ending.update([1], NOBODY)
    await ending.release(200, NOBODY)
    t.strictSame(await onlineAmong(other, [1]), [true])
    t.ok(await eventually(async () => (await onlineAmong(other, [1]))[0] === false))
  })

  await t.test('installations and prefixes are apart', async (t) => {
    const place = newPlace()
    const leases = await open(t, place)
    await leases.renew()
    await leases.update([1], new Map([[2, 5]]))
    for (const stranger of [await open(t, place, LONG_MS, 'two'), await open(t, newPlace())]) {
      await stranger.renew()
      t.strictSame(await stranger.find([1, 2]), new Map([1, 2].map((userId) => [
        userId, { isOnline: false, lastSeenAt: undefined }
      ])))
    }
  })

  await t.test('a Redis that hangs or is away is an error, and what it has lost is noticed', async (t) => {
    const leases = await open(t, newPlace())
    await leases.renew()
    await leases.update([1], NOBODY)
    server.freeze()
    await t.rejects(leases.find([1]))
    server.thaw()
    await server.stop()
    await t.rejects(leases.renew())
    await server.start()
    t.ok(await eventually(() => leases.renew().then(({ entered }) => entered === 0, () => false), 20_000))
  })
})

await withRedisServers(t, 'in a Redis Cluster', async (t) => {
  const place = { url: (await startRedisCluster(t)).url, prefix: uniqueName('test-') }
  await testPresence(t, await open(t, place), await open(t, place))
})
