/** Collects what is wrong with an environment, so that an operator is told of all of it at once. */
import { ConfigError } from './errors.ts'

/** The problems that were found, and the variables that they are about. */
export class Problems {
  readonly #sentences: string[] = []
  readonly #variables = new Set<string>()

  /**
   * Adds a problem.
   * @param sentence for the operator, without a secret
   * @param variables those of which nothing more can be said before it is solved
   */
  add (sentence: string, ...variables: string[]): void {
    this.#sentences.push(sentence)
    for (const variable of variables) this.#variables.add(variable)
  }

  /** Whether one of these variables has a problem already: its value is then a default, or cannot be relied on. */
  concern (...variables: string[]): boolean {
    return variables.some((variable) => this.#variables.has(variable))
  }

  /** @throws {ConfigError} with every problem, if there is one */
  throwAny (): void {
    if (this.#sentences.length > 0) throw new ConfigError(...this.#sentences)
  }
}
