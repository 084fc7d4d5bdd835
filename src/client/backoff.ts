/**
 * Delay before the next attempt: exponential with full jitter, so that a thousand clients of a server that was away do
 * not reconnect at once (M. Brooker, "Exponential Backoff and Jitter", 2015).
 */

/** Bounds in milliseconds. */
export type BackoffBounds = { baseMs: number, maxMs: number }

/** Counts failures in a row. */
export class Backoff {
  readonly #bounds: BackoffBounds
  #failures = 0

  constructor (bounds: BackoffBounds) {
    this.#bounds = bounds
  }

  /** Returns the delay for now, in milliseconds; the next one will be longer. */
  next (): number {
    const { baseMs, maxMs } = this.#bounds
    return Math.random() * Math.min(maxMs, baseMs * 2 ** this.#failures++)
  }

  /** Called after a success. */
  reset (): void {
    this.#failures = 0
  }
}
