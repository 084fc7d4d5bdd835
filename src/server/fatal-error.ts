/** What an operator is told when a process cannot do its work: one sentence, not a stack. */
import { ConfigError } from '../config/errors.ts'
import { ChatError } from '../domain/errors.ts'
import { EmbeddedStoreError } from '../store/embedded/errors.ts'

/**
 * Puts an error in a sentence. What is not the operator's to mend is told by its innermost cause alone: what is wrapped
 * around it may quote a statement and its parameters.
 * @param failure what could not be done, e.g. `Confab cannot start`
 */
export function describeFatalError (error: unknown, failure: string): string {
  if (error instanceof ConfigError || error instanceof EmbeddedStoreError || error instanceof ChatError)
    return error.message
  if (!(error instanceof Error)) return `${failure}: ${String(error)}`
  if ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
    return `${failure}: a part of it is not installed: run npm ci. (${error.message})`
  if ('code' in error && error.code === 'EADDRINUSE')
    return 'The port is in use: stop whatever listens there, or set another PORT.'
  let root = error
  while (root.cause instanceof Error) root = root.cause
  // Several addresses of one host that all failed have an error each, and no message together.
  if (root instanceof AggregateError && root.message === '')
    return `${failure}: ${root.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ')}`
  return `${failure}: ${root.message}`
}
