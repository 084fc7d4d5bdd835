/**
 * The rates port: counts what somebody does too often, so that it can be refused for a while.
 *
 * - A window begins with the first count and ends after its time, whatever is tried meanwhile: nobody is refused for
 * good.
 * - What is refused is not counted.
 * - Failure: none. An adapter that cannot reach what it counts in counts in this process until it can.
 *
 * Adapters: `local.ts` (this process) and `redis.ts` (all replicas together).
 */

/** How often something may happen within a window. */
export type Rate = {
  name: string
  max: number
  windowMs: number
  /** It marks something for a while and refuses nothing. */
  isMarker?: true
}

/** Counts per rate and key. A key is whatever the rate is for: an address, an account, both. */
export type RateLimiter = {
  /** Counts one. @returns how many milliseconds to wait; 0 when there was room, and only then it was counted */
  take: (rate: Rate, key: string) => Promise<number>
  /** Takes one count back. */
  refund: (rate: Rate, key: string) => Promise<void>
  /** Starts over at none. */
  clear: (rate: Rate, key: string) => Promise<void>
  /** Whether anything is counted now. */
  isTaken: (rate: Rate, key: string) => Promise<boolean>
}

/** No limits, for load tests: everything has room and nothing is counted. */
export const UNLIMITED: RateLimiter = {
  take: () => Promise.resolve(0),
  refund: () => Promise.resolve(),
  clear: () => Promise.resolve(),
  isTaken: () => Promise.resolve(false)
}
