/**
 * The rate limit port: counts actions, so that they can be refused for a while when they are too frequent.
 *
 * - A window begins with the first count and ends after its duration, regardless of further attempts: no refusal is
 *   permanent.
 * - A refused action is not counted.
 * - Failure: none. An adapter that cannot reach its storage counts in this process until it can.
 *
 * Adapters: `local.ts` (this process) and `redis.ts` (all replicas together).
 */

/** How often an action may happen within a window. */
export type Rate = {
  name: string
  max: number
  windowMs: number
  /** A marker: it remembers something for a while and refuses nothing. */
  isMarker?: true
}

/** The state of a count after an attempt: how long to wait, 0 when it was allowed; what is left, and until when. */
export type Draw = { waitMs: number, left: number, endsInMs: number }

/** Counts per rate and key. The key is the subject of the rate: an address, an account, or both. */
export type RateLimiter = {
  /** Counts one. @returns milliseconds to wait; 0 when it was allowed, and only then it was counted */
  take: (rate: Rate, key: string) => Promise<number>
  /** The same, with what is left of the window. */
  draw: (rate: Rate, key: string) => Promise<Draw>
  /** Takes one count back. */
  refund: (rate: Rate, key: string) => Promise<void>
  /** Resets the count to zero. */
  clear: (rate: Rate, key: string) => Promise<void>
  /** Whether the count is above zero. */
  isTaken: (rate: Rate, key: string) => Promise<boolean>
}

/** No limits, for load tests: every action is allowed and nothing is counted. */
export const UNLIMITED: RateLimiter = {
  take: () => Promise.resolve(0),
  draw: ({ max, windowMs }) => Promise.resolve({ waitMs: 0, left: max, endsInMs: windowMs }),
  refund: () => Promise.resolve(),
  clear: () => Promise.resolve(),
  isTaken: () => Promise.resolve(false)
}
