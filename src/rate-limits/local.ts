/** Adapter: counts in this process, for a bounded number of keys. */
import type { Rate, RateLimiter } from './rate-limiter.ts'

/** Maximum number of keys per rate; beyond it the oldest is dropped, so that invented keys cannot fill the memory. */
const MAX_KEYS = 20_000

type Count = { taken: number, endsAt: number }

/** Counts in this process. @param clock milliseconds of a monotonic clock */
export function createLocalRateLimiter (clock: () => number = () => performance.now()): RateLimiter {
  // Whole milliseconds: sums and differences of them are exact.
  const now = () => Math.floor(clock())
  const countsByRate = new Map<string, Map<string, Count>>()

  function countsOf ({ name }: Rate): Map<string, Count> {
    const counts = countsByRate.get(name) ?? new Map<string, Count>()
    countsByRate.set(name, counts)
    return counts
  }

  function find (rate: Rate, key: string, at = now()): Count | undefined {
    const count = countsOf(rate).get(key)
    return count !== undefined && count.endsAt > at ? count : undefined
  }

  function begin (rate: Rate, key: string, at: number): void {
    const counts = countsOf(rate)
    // Inserted again at the end: the order of the map is the age of the windows.
    counts.delete(key)
    counts.set(key, { taken: 1, endsAt: at + rate.windowMs })
    if (counts.size <= MAX_KEYS) return
    const [oldest] = counts.keys()
    if (oldest !== undefined) counts.delete(oldest)
  }

  function take (rate: Rate, key: string, at: number): number {
    const count = find(rate, key, at)
    if (count === undefined) begin(rate, key, at)
    else if (count.taken >= rate.max) return count.endsAt - at
    else count.taken++
    return 0
  }

  return {
    take: async (rate, key) => take(rate, key, now()),
    draw: async (rate, key) => {
      // Read once, so that all three are of one moment.
      const at = now()
      const waitMs = take(rate, key, at)
      const { taken, endsAt } = find(rate, key, at) ?? { taken: rate.max, endsAt: at }
      return { waitMs, left: Math.max(0, rate.max - taken), endsInMs: endsAt - at }
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
