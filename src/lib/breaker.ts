/**
 * A circuit breaker: after some failures in a row it lets nothing through for a while, then one attempt, whose outcome
 * decides whether the others follow (Nygard, "Release It!").
 */

/** Bounds of a breaker. Times are in milliseconds. */
export type BreakerOptions = { failures: number, pauseMs: number, maxPauseMs: number }

/** See the head of this file. */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #now: () => number
  #failures = 0
  #pauseMs: number
  /** When the next attempt is let through; undefined while all are. */
  #opensAt: number | undefined
  #isTrying = false

  /** @param now milliseconds of a monotonic clock */
  constructor (options: BreakerOptions, now: () => number = () => performance.now()) {
    this.#options = options
    this.#now = now
    this.#pauseMs = options.pauseMs
  }

  /** Whether it lets nothing through, but for attempts. */
  get isOpen (): boolean {
    return this.#opensAt !== undefined
  }

  /** Whether an attempt may be made; its outcome must be noted. */
  tryEnter (): boolean {
    if (this.#opensAt === undefined) return true
    if (this.#isTrying || this.#now() < this.#opensAt) return false
    this.#isTrying = true
    return true
  }

  /** Notes the outcome of an attempt. @returns whether it has opened or closed the breaker */
  note (isSuccess: boolean): boolean {
    const [wasOpen, wasTrying] = [this.isOpen, this.#isTrying]
    this.#isTrying = false
    if (isSuccess) {
      this.#failures = 0
      this.#opensAt = undefined
      this.#pauseMs = this.#options.pauseMs
      return wasOpen
    }
    this.#failures++
    if (wasTrying) this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.maxPauseMs)
    else if (this.#opensAt !== undefined || this.#failures < this.#options.failures) return false
    this.#opensAt = this.#now() + this.#pauseMs
    return !wasOpen
  }
}
