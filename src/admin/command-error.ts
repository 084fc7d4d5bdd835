/** The command cannot do what it was asked; `message` is one sentence for the operator and holds no secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
