/** Rates of one installation among others that count in the same Redis. */
import type { RateLimiter } from './rate-limiter.ts'

/** The same rates, every key of which begins with a scope. */
export function createScopedRateLimiter (rates: RateLimiter, scope: () => string): RateLimiter {
  const scoped = (key: string) => `${scope()}:${key}`
  return {
    take: (rate, key) => rates.take(rate, scoped(key)),
    refund: (rate, key) => rates.refund(rate, scoped(key)),
    clear: (rate, key) => rates.clear(rate, scoped(key)),
    isTaken: (rate, key) => rates.isTaken(rate, scoped(key))
  }
}
