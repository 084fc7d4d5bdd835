/** Adapter: counts in this process, for a bounded number of keys. */
import type { Rate, RateLimiter } from './rate-limiter.ts'

/** Maximum number of keys per rate; beyond it the oldest is dropped, so that invented keys cannot fill the memory. */
const MAX_KEYS = 20_000

type Count = { taken: number, endsAt: number }

/** Counts in this process. @param now milliseconds of a monotonic clock */
export function createLocalRateLimiter (now: () => number = () => performance.now()): RateLimiter {
  const countsByRate = new Map<string, Map<string, Count>>()

  function countsOf ({ name }: Rate): Map<string, Count> {
    const counts = countsByRate.get(name) ?? new Map<string, Count>()
    countsByRate.set(name, counts)
    return counts
  }

  function find (rate: Rate, key: string): Count | undefined {
    const count = countsOf(rate).get(key)
    return count !== undefined && count.endsAt > now() ? count : undefined
  }

  function begin (rate: Rate, key: string): void {
    const counts = countsOf(rate)
    // Inserted again at the end: the order of the map is the age of the windows.
    counts.delete(key)
    counts.set(key, { taken: 1, endsAt: now() + rate.windowMs })
    if (counts.size <= MAX_KEYS) return
    const [oldest] = counts.keys()
    if (oldest !== undefined) counts.delete(oldest)
  }

  return {
    take: async (rate, key) => {
      const count = find(rate, key)
      if (count === undefined) begin(rate, key)
      else if (count.taken >= rate.max) return Math.ceil(count.endsAt - now())
      else count.taken++
      return 0
    },
    refund: async (rate, key) => {
      const count = find(rate, key)
      if (count !== undefined && count.taken > 0) count.taken--
    },
    clear: async (rate, key) => {
      countsOf(rate).delete(key)
    },
    isTaken: async (rate, key) => (find(rate, key)?.taken ?? 0) > 0
  }
}
