/** The environment cannot be used; `message` is one sentence for the operator and contains no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
