/** Loads once more what the server could not send, as long as there is a connection: the next one begins with it. */
import { Backoff, type BackoffBounds } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { ConfabProblem } from './problem.ts'

/** Dependencies. `load` must do nothing if there is nothing to load. */
export type ReloadOptions = { connection: Connection, backoff: BackoffBounds, load: () => void }

/** See the head of this file. */
export class Reload {
  readonly #options: ReloadOptions
  readonly #backoff: Backoff

  constructor (options: ReloadOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.backoff)
  }

  /** Notes how loading has ended. @param problem why it failed, if it did */
  note (problem: ConfabProblem | null): void {
    const { connection, load } = this.#options
    if (problem === null) this.#backoff.reset()
    else if (problem.retryable && connection.state === 'online') {
      void connection.pauses.wait(problem.retryAfterMs ?? this.#backoff.next()).then(() => {
        if (connection.state === 'online') load()
      })
    }
  }
}
