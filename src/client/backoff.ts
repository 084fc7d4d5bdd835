/**
 * How long to wait before the next attempt: exponential with full jitter, so that a thousand clients of a server that
 * went away do not come back at once (M. Brooker, "Exponential Backoff and Jitter", 2015).
 */

/** Bounds in milliseconds. */
export type BackoffBounds = { baseMs: number, maxMs: number }

/** Counts the failures in a row. */
export class Backoff {
  readonly #bounds: BackoffBounds
  #failures = 0

  constructor (bounds: BackoffBounds) {
    this.#bounds = bounds
  }

  /** The time to wait now, in milliseconds; the next one will be longer. */
  next (): number {
    const { baseMs, maxMs } = this.#bounds
    return Math.random() * Math.min(maxMs, baseMs * 2 ** this.#failures++)
  }

  /** After a success. */
  reset (): void {
    this.#failures = 0
  }
}
