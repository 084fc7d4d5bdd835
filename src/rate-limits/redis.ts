/**
 * Adapter: counts in Redis, shared by all replicas. While Redis is away, or does not answer, this replica counts by
 * itself: an outage loosens a limit, never removes it, and locks out no client.
 */
import type { Cluster, Redis } from 'ioredis'
import type { Draw, Rate, RateLimiter } from './rate-limiter.ts'

/** How long Redis is not used after a failure: a server that hangs must not delay every request. */
const PAUSE_MS = 1_000

/**
 * Returns the time to wait, the count and the rest of its window. Each script is atomic in Redis, so no two replicas
 * can take the last count.
 */
const TAKE = `
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
if taken >= tonumber(ARGV[1]) then
  local rest = math.max(redis.call('PTTL', KEYS[1]), 1)
  return {rest, taken, rest}
end
taken = redis.call('INCR', KEYS[1])
if taken == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {0, taken, redis.call('PTTL', KEYS[1])}`
const GIVE_BACK = 'if tonumber(redis.call(\'GET\', KEYS[1]) or \'0\') > 0 then redis.call(\'DECR\', KEYS[1]) end'

/** Where the counts are, and the limiter to use while Redis is away. */
export type RedisRateLimiterOptions = { redis: Redis | Cluster, prefix: string, fallback: RateLimiter }

/** Counts in Redis under `<prefix>rate:<name of the rate>:<key>`. */
export function createRedisRateLimiter ({ redis, prefix, fallback }: RedisRateLimiterOptions): RateLimiter {
  let pausedUntil = 0
  const nameOf = (rate: Rate, key: string) => `${prefix}rate:${rate.name}:${key}`

  async function ask<Result> (question: () => Promise<Result>, instead: () => Promise<Result>): Promise<Result> {
    if (redis.status !== 'ready' || performance.now() < pausedUntil) return instead()
    try {
      return await question()
    } catch {
      // The bus logs that Redis is away.
      pausedUntil = performance.now() + PAUSE_MS
      return instead()
    }
  }

  async function take (rate: Rate, key: string): Promise<Draw> {
    const answer: unknown = await redis.eval(TAKE, 1, nameOf(rate, key), rate.max, rate.windowMs)
    const [waitMs = 0, taken = 0, endsInMs = 0] = Array.isArray(answer) ? answer.map(Number) : []
    return { waitMs, left: Math.max(0, rate.max - taken), endsInMs }
  }

  return {
    take: (rate, key) =>
      ask(
        async () => (await take(rate, key)).waitMs,
        () => fallback.take(rate, key)
      ),
    draw: (rate, key) => ask(() => take(rate, key), () => fallback.draw(rate, key)),
    refund: (rate, key) =>
      ask(
        async () => {
          await redis.eval(GIVE_BACK, 1, nameOf(rate, key))
        },
        () => fallback.refund(rate, key)
      ),
    clear: (rate, key) =>
      ask(
        async () => {
          await redis.del(nameOf(rate, key))
        },
        () => fallback.clear(rate, key)
      ),
    isTaken: (rate, key) =>
      ask(
        async () => Number(await redis.get(nameOf(rate, key))) > 0,
        () => fallback.isTaken(rate, key)
      )
  }
}
