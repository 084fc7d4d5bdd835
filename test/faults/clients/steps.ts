/** Steps of a client, one after the other, at a steady pace. */
import { setTimeout as delay } from 'node:timers/promises'

/** Takes steps until it is finished. */
export class Steps {
  readonly #timer: NodeJS.Timeout
  readonly #step: () => Promise<void>
  readonly #onGivenUp: () => void
  #current: Promise<void> | undefined
  #isPaused = false
  /** Whether the step under way is to be given up. */
  isGivenUp = false

  /** @param onGivenUp called when the step under way is to be given up */
  constructor (intervalMs: number, step: () => Promise<void>, onGivenUp: () => void = () => undefined) {
    this.#step = step
    this.#onGivenUp = onGivenUp
    this.#timer = setInterval(() => this.#tick(), intervalMs)
  }

  /** Takes no step for now, and waits for the one under way. */
  async pause (): Promise<void> {
    this.#isPaused = true
    await this.#current
  }

  /** Takes steps again. */
  resume (): void {
    this.#isPaused = false
  }

  /** Takes no more steps, and waits for the one under way. @returns whether it was over before the deadline */
  async finish (deadlineMs: number): Promise<boolean> {
    clearInterval(this.#timer)
    const over = Promise.resolve(this.#current).then(() => true)
    const isDone = await Promise.race([over, delay(deadlineMs, false, { ref: false })])
    this.isGivenUp = true
    this.#onGivenUp()
    await over
    return isDone
  }

  #tick (): void {
    if (this.#isPaused || this.#current !== undefined) return
    this.#current = this.#step().finally(() => {
      this.#current = undefined
    })
  }
}
