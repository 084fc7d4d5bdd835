/** Open resources, to be closed in reverse order: at the end, or when a later one cannot be opened. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = []

  /** Registers how an open resource is closed. */
  add (close: () => Promise<void> | void): void {
    this.#closers.push(close)
  }

  /**
   * Closes everything, the last opened first, one after the other.
   * @throws the first failure, after everything was tried
   */
  async close (): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
