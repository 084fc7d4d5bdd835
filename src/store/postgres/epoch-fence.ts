/**
 * Keeps results of different histories apart. A server that answers on a new connection may be another than the one
 * before, with another past (a standby that was promoted, a backup that was restored): until it is known whose results
 * these are, none is handed out.
 *
 * Behind a pooler that keeps the connections of its clients when its server changes, nothing is noticed here.
 */

/** Knows which history the store goes on with. */
export type EpochSource = {
  readonly current: string
  /** Reads it anew, from results that are not guarded. @throws when the store cannot be reached */
  check: () => Promise<void>
}

/** The result came too late: the store has begun another history. The same statement may be run again. */
export class EpochChangedError extends Error {
  readonly code = 'HISTORY_CHANGED'

  constructor () {
    super('The database has begun another history.')
  }
}

/** Stands between a pool and whoever asks it. */
export class EpochFence {
  readonly #answered: () => number
  #history: EpochSource | undefined
  /** Of how many connections the history has been asked for. */
  #confirmed = 0

  /** @param answered how many connections of the pool a server has answered on, until now */
  constructor (answered: () => number) {
    this.#answered = answered
  }

  /** Lets nothing pass from now on that may be of another history. */
  follow (history: EpochSource): void {
    this.#history = history
  }

  /**
   * A query begins. @returns what passes its result on, at once or when the history is known; it rejects with {@link
   * EpochChangedError}
   */
  begin (): <Result>(result: Result) => Result | Promise<Result> {
    const began = this.#history?.current
    return (result) => {
      if (this.#history === undefined || began === undefined) return result
      if (this.#confirmed === this.#answered() && this.#history.current === began) return result
      return this.#confirm(this.#history, began).then(() => result)
    }
  }

  async #confirm (history: EpochSource, began: string): Promise<void> {
    while (this.#confirmed < this.#answered()) {
      const answered = this.#answered()
      await history.check()
      this.#confirmed = Math.max(this.#confirmed, answered)
    }
    if (history.current !== began) throw new EpochChangedError()
  }
}
