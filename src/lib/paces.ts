/**
 * Rates by key, as token buckets that delay instead of refusing. A bucket may be in debt: each caller is told how long
 * it has to wait (the "virtual scheduling" form of the generic cell rate algorithm, ITU-T I.371).
 */

const MS_PER_S = 1_000
/** Number of keys below which no idle one is looked for. */
const MIN_KEYS = 1_000

/** A rate, and how much of it may be used at once after a rest. */
export type PaceOptions = { perSecond: number, burst: number }

/** One bucket per key. */
export class Paces {
  readonly #msPerToken: number
  readonly #burstMs: number
  readonly #now: () => number
  /** By key, the time at which everything taken so far would have been taken at the exact rate, in milliseconds. */
  #paidAt = new Map<number, number>()
  #keysToSweep = MIN_KEYS

  /** @param now milliseconds of a monotonic clock */
  constructor ({ perSecond, burst }: PaceOptions, now: () => number = () => performance.now()) {
    this.#now = now
    this.#msPerToken = MS_PER_S / perSecond
    this.#burstMs = burst * this.#msPerToken
  }

  /** Number of keys that are kept. */
  get size (): number {
    return this.#paidAt.size
  }

  /**
   * Takes tokens of a key.
   * @param maxWaitMs with a longer wait nothing is taken
   * @returns how long the caller has to wait before it uses them, in milliseconds; undefined when nothing was taken
   */
  take (key: number, tokens: number, maxWaitMs: number): number | undefined
  take (key: number, tokens: number): number
  take (key: number, tokens: number, maxWaitMs = Infinity): number | undefined {
    const now = this.#now()
    const full = now - this.#burstMs
    const paidAt = Math.max(this.#paidAt.get(key) ?? full, full) + tokens * this.#msPerToken
    if (paidAt - now > maxWaitMs) return undefined
    if (this.#paidAt.size >= this.#keysToSweep) this.#sweep(full)
    this.#paidAt.set(key, paidAt)
    return Math.max(paidAt - now, 0)
  }

  /** Drops the keys whose buckets are full: they would be created the same. */
  #sweep (full: number): void {
    this.#paidAt = new Map([...this.#paidAt].filter(([, paidAt]) => paidAt > full))
    this.#keysToSweep = Math.max(MIN_KEYS, 2 * this.#paidAt.size)
  }
}
