/**
 * Separates results of different epochs. A server that answers on a new connection may be another one than before, with
 * other data (a promoted standby, a restored backup): results are withheld until the epoch has been checked.
 *
 * Behind a pooler that keeps its clients' connections while its server changes, nothing is noticed here.
 */

/** Knows the epoch that the store is in. */
export type EpochSource = {
  readonly current: string
  /** Reads the epoch again, with a query that is not fenced. @throws when the store cannot be reached */
  check: () => Promise<void>
}

/** The result was withheld since the epoch has changed. The same statement may be run again. */
export class EpochChangedError extends Error {
  readonly code = 'HISTORY_CHANGED'

  constructor () {
    super('The database has begun another history.')
  }
}

/** Stands between a pool and its callers. */
export class EpochFence {
  readonly #answered: () => number
  #history: EpochSource | undefined
  /** Number of connections for which the epoch has been checked. */
  #confirmed = 0

  /** @param answered number of connections of the pool on which a server has answered so far */
  constructor (answered: () => number) {
    this.#answered = answered
  }

  /** From now on withholds results that may belong to another epoch. */
  follow (history: EpochSource): void {
    this.#history = history
  }

  /**
   * Registers the start of a query. @returns a function that passes its result on, at once or when the epoch is known;
   * it rejects with {@link EpochChangedError}
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
