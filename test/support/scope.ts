/** What servers, sockets and processes of the tests live in: a test, or anything else that has an end. */
export type Scope = {
  /** Has something done at the end; what was added last is done first. */
  teardown: (handler: () => unknown) => void
}

/** A scope with an end of its own: what was added last is ended first. */
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

/** Ends with this process, which ends it itself: what many test files of a worker share is started in it. */
export const processScope = new RunScope()
