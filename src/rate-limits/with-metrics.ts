/** Rate limits whose refusals are counted as metrics. */
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Wraps a limiter; each refusal is counted under the name of its rate. */
export function withMetrics (rates: RateLimiter, metrics: Metrics): RateLimiter {
  return {
    ...rates,
    take: async (rate, key) => {
      const waitMs = await rates.take(rate, key)
      if (waitMs > 0 && rate.isMarker !== true) metrics.rateLimited.add(rate.name)
      return waitMs
    }
  }
}
