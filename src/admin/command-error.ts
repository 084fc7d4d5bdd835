/** A command failed; `message` is one sentence for the operator and contains no secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
