/** The rate limit of one socket's frames, as a token bucket: bursts are allowed, floods are not. */

const MS_PER_S = 1_000

/** The decision about a frame. */
export type FrameVerdict = 'accept' | 'refuse' | 'close'

/** A token bucket; many refusals in a row result in `close`. */
export class FrameRate {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #updatedAt = performance.now()
  #refusals = 0

  constructor (perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** Takes a frame back that was accepted and counts elsewhere. */
  refund (): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }

  /** Counts a frame. */
  take (): FrameVerdict {
    const now = performance.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#updatedAt) / MS_PER_S * this.#perSecond)
    this.#updatedAt = now
    if (this.#tokens >= 1) {
      this.#tokens--
      this.#refusals = 0
      return 'accept'
    }
    return ++this.#refusals > this.#burst ? 'close' : 'refuse'
  }
}
