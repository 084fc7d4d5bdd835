import { setImmediate } from 'node:timers/promises'
import t, { type Test } from '../../support/tap.ts'
import { connectRedis, connectRedisCluster } from '../../../src/lib/redis/connection.ts'
import { createLocalRateLimiter } from '../../../src/rate-limits/local.ts'
import type { RateLimiter } from '../../../src/rate-limits/rate-limiter.ts'
import { createRedisRateLimiter } from '../../../src/rate-limits/redis.ts'
import { testRates } from './suite.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { eventually } from '../../support/deadline.ts'
import { startRedisCluster } from '../../support/servers/redis-cluster.ts'
import { addressOf, startRedisServer, withRedisServers } from '../../support/servers/redis-server.ts'

const rate = { name: 'x', max: 2, windowMs: 60_000 }

async function openRates (t: Test, url: string, prefix: string): Promise<RateLimiter> {
  const address = addressOf(url)
  const connect = address.kind === 'cluster' ? connectRedisCluster : connectRedis
  const redis = connect(address, 'rates', { commandTimeout: 500 })
  redis.on('error', () => undefined)
  t.teardown(() => redis.disconnect())
  await redis.connect()
  return createRedisRateLimiter({ redis, prefix, fallback: createLocalRateLimiter() })
}

await withRedisServers(t, 'counts in Redis', async (t) => {
  const server = await startRedisServer(t)
  const prefix = uniqueName('test-')
  const [one, other] = [await openRates(t, server.url, prefix), await openRates(t, server.url, prefix)]
  await testRates(t, one, other)

  await t.test('a window ends after its time', async (t) => {
    const brief = { name: 'brief', max: 1, windowMs: 50 }
    t.equal(await one.take(brief, 'key'), 0)
    t.ok(await eventually(async () => await other.take(brief, 'key') === 0))
  })

  await t.test('another prefix is another count', async (t) => {
    const stranger = await openRates(t, server.url, uniqueName('test-'))
    for (let count = 0; count < rate.max; count++) await one.take(rate, 'prefixed')
    t.not(await one.take(rate, 'prefixed'), 0)
    t.equal(await stranger.take(rate, 'prefixed'), 0)
  })

  for (const [title, leave, comeBack] of [
    ['hangs', () => server.freeze(), () => server.thaw()],
    ['is away', () => server.stop(), () => server.start()]
  ] as const) {
    await t.test(`while Redis ${title} each replica counts by itself, and together again after it`, async (t) => {
      const key = uniqueName('key-')
      await leave()
      for (const rates of [one, other]) {
        for (let count = 0; count < rate.max; count++) t.equal(await rates.take(rate, key), 0)
        t.not(await rates.take(rate, key), 0, 'it still limits')
      }
      await comeBack()
      t.ok(await eventually(async () => {
        // Counting locally never leaves the turn of the event loop, and the connection needs some.
        await setImmediate()
        const fresh = uniqueName('key-')
        await one.take(rate, fresh)
        return other.isTaken(rate, fresh)
      }, 20_000))
    })
  }
})

await withRedisServers(t, 'counts in a Redis Cluster', async (t) => {
  const { url } = await startRedisCluster(t)
  const prefix = uniqueName('test-')
  await testRates(t, await openRates(t, url, prefix), await openRates(t, url, prefix))
})
