/** One sentence, not a stack, for the operator of a process that cannot do its work. */
import { ConfigError } from '../config/errors.ts'
import { ChatError } from '../domain/errors.ts'
import { ListenError } from '../lib/listening.ts'
import { PreconditionError } from '../preflight/precondition-error.ts'
import { EmbeddedStoreError } from '../store/embedded/errors.ts'

/** Errors whose messages are meant for operators. */
const EXPLAINED = [ConfigError, PreconditionError, ListenError, EmbeddedStoreError, ChatError]

/**
 * Describes an error in a sentence. An error that the operator cannot correct is described by its innermost cause
 * alone: the errors around it may quote a statement and its parameters.
 * @param failure what failed, e.g. `Confab cannot start`
 */
export function describeFatalError (error: unknown, failure: string): string {
  if (EXPLAINED.some((type) => error instanceof type)) return error instanceof Error ? error.message : ''
  if (!(error instanceof Error)) return `${failure}: ${String(error)}`
  if ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
    return `${failure}: a part of it is not installed: run npm ci. (${error.message})`
  let root = error
  while (root.cause instanceof Error) root = root.cause
  // When several addresses of one host have failed, each has an error, and there is no common message.
  if (root instanceof AggregateError && root.message === '')
    return `${failure}: ${root.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ')}`
  return `${failure}: ${root.message}`
}
