/** Rate limits of one of several installations that share a Redis. */
import type { RateLimiter } from './rate-limiter.ts'

/** Wraps a limiter; every key gets a prefix. */
export function createScopedRateLimiter (rates: RateLimiter, scope: () => string): RateLimiter {
  const scoped = (key: string) => `${scope()}:${key}`
  return {
    take: (rate, key) => rates.take(rate, scoped(key)),
    draw: (rate, key) => rates.draw(rate, scoped(key)),
    refund: (rate, key) => rates.refund(rate, scoped(key)),
    clear: (rate, key) => rates.clear(rate, scoped(key)),
    isTaken: (rate, key) => rates.isTaken(rate, scoped(key))
  }
}
