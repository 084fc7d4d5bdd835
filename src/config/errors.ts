/**
 * The environment cannot be used. `message` has one sentence for the operator for each problem, on lines of their own,
 * and holds no secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor (...problems: string[]) {
    super(problems.join('\n'))
  }
}
