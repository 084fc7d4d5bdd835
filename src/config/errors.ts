/**
 * The environment cannot be used; `message` has one sentence per problem for the operator, each on its own line, and
 * contains no secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor (...problems: string[]) {
    super(problems.join('\n'))
  }
}
