/** A scope with an end of its own: what was added last is ended first. */
import type { Scope } from '../../support/scope.ts'

/** Ends what was started within it, once. */
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
