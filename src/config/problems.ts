/** Collects the problems of an environment, so that all of them are reported at once. */
import { ConfigError } from './errors.ts'

/** The problems that were found, and the variables that they are about. */
export class Problems {
  readonly #sentences: string[] = []
  readonly #variables = new Set<string>()

  /**
   * Adds a problem.
   * @param sentence for the operator, without a secret
   * @param variables those that need no second report before this problem is solved
   */
  add (sentence: string, ...variables: string[]): void {
    this.#sentences.push(sentence)
    for (const variable of variables) this.#variables.add(variable)
  }

  /** The problems, in the order in which they were found. */
  get sentences (): readonly string[] {
    return this.#sentences
  }

  /** Whether one of these variables has a problem: its value may be a default then. */
  concern (...variables: string[]): boolean {
    return variables.some((variable) => this.#variables.has(variable))
  }

  /** @throws {ConfigError} with every problem, if there is one */
  throwAny (): void {
    if (this.#sentences.length > 0) throw new ConfigError(...this.#sentences)
  }
}
