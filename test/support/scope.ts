/** The scope of servers, sockets and processes: they end with a test, or with another owner. */
export type Scope = {
  /** Registers a teardown. Teardowns run in reverse order. */
  teardown: (handler: () => unknown) => void
}

/** A scope that is ended explicitly. Teardowns run in reverse order. */
export class RunScope implements Scope {
  #handlers: (() => unknown)[] = []

  teardown (handler: () => unknown): void {
    this.#handlers.push(handler)
  }

  /** Ends everything, even where one thing fails to end; the first failure is thrown afterwards. */
  async end (): Promise<void> {
    const failures: unknown[] = []
    for (let handler = this.#handlers.pop(); handler !== undefined; handler = this.#handlers.pop()) {
      try {
        await handler()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** The scope of this worker process, for servers that several test files share. */
export const processScope = new RunScope()
