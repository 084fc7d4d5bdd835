/** What every dialect does with an error before it gives it a form of its own. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asChatError, ChatError, type ErrorCode } from '../../domain/errors.ts'

/** When to come back after a refusal that does not say so itself. */
const RETRY_AFTER_MS = 1_000
const MS_PER_S = 1_000

/** What an operator must hear of; a refusal for want of room is none. */
const SERVER_FAULTS: ReadonlySet<ErrorCode> = new Set(['internal', 'unavailable', 'unconfirmed'])

/** What Node calls a request whose client went away in the middle of its body. */
const REQUEST_ABORTED = 'ECONNRESET'

/** The code of what Fastify itself refused, by the status it would answer. */
const CODE_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  404: 'unknown_route',
  413: 'body_too_large',
  415: 'unsupported_media_type'
}

/** What went wrong as an error of the catalogue, whoever found it: the domain, the schema or Fastify. */
export function chatErrorOf (error: FastifyError): ChatError {
  // Nobody is there to read the answer, and nothing of ours went wrong.
  if (error.code === REQUEST_ABORTED) return new ChatError('invalid_input', 'The body was broken off.')
  const chatError = asChatError(error)
  if (chatError.code !== 'internal' || error.statusCode === undefined || error.statusCode >= 500) return chatError
  if (error.validation !== undefined) return new ChatError('invalid_input', sentenceOf(error))
  const code = CODE_OF_STATUS[error.statusCode]
  return code === undefined ? new ChatError('invalid_input', 'The body is not valid.') : new ChatError(code)
}

/** Sets the status of the answer, says when to come back, and logs what is ours to mend. */
export function applyError (
  chatError: ChatError,
  status: number,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply
): void {
  if (SERVER_FAULTS.has(chatError.code)) request.log.error({ err: error }, 'request failed')
  if (status === 429 || status === 503)
    reply.header('retry-after', Math.ceil((chatError.retryAfterMs ?? RETRY_AFTER_MS) / MS_PER_S))
  reply.code(status)
}

/** One sentence about the first field that does not fit the schema. */
function sentenceOf ({ validation }: FastifyError): string {
  const [problem] = validation ?? []
  if (problem === undefined) return 'The request is not valid.'
  const missing = problem.params['missingProperty']
  if (typeof missing === 'string') return `The field "${missing}" is missing.`
  const field = problem.instancePath.slice(1)
  return field === '' ? 'The body must be a JSON object.' : `The field "${field}" ${problem.message ?? 'is not valid'}.`
}
