/** From an error that was thrown to an error of the catalogue and the status of its answer; faces add the body. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asChatError, ChatError, type ErrorCode } from '../../domain/errors.ts'
import { HTTP_STATUS, type StatusTable } from './error-status.ts'

/** Sent in `Retry-After` with an error that has no time of its own. */
const RETRY_AFTER_MS = 1_000
const MS_PER_S = 1_000

/** Logged as errors, since an operator has to act. A refusal for lack of capacity is none of them. */
const SERVER_FAULTS: ReadonlySet<ErrorCode> = new Set(['internal', 'unavailable', 'unconfirmed'])

/** Node's code of a request whose client disconnected in the middle of its body. */
const REQUEST_ABORTED = 'ECONNRESET'

/** The code of a refusal by Fastify itself, by the status that Fastify chose. */
const CODE_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  404: 'unknown_route',
  413: 'body_too_large',
  415: 'unsupported_media_type'
}

/** Maps an error of the domain, of a schema or of Fastify to an error of the catalogue. */
export function chatErrorOf (error: FastifyError): ChatError {
  // The client is gone, and the server is not at fault.
  if (error.code === REQUEST_ABORTED) return new ChatError('invalid_input', 'The body was broken off.')
  const chatError = asChatError(error)
  if (chatError.code !== 'internal' || error.statusCode === undefined || error.statusCode >= 500) return chatError
  if (error.validation !== undefined) return new ChatError('invalid_input', sentenceOf(error))
  const code = CODE_OF_STATUS[error.statusCode]
  return code === undefined ? new ChatError('invalid_input', 'The body is not valid.') : new ChatError(code)
}

/**
 * Prepares the answer to an error: sets its status and `Retry-After`, and logs a fault of the server.
 * @param status the table of the face that answers
 * @returns the error for the body of the answer
 */
export function applyError (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  status: StatusTable = HTTP_STATUS
): ChatError {
  const chatError = chatErrorOf(error)
  const statusCode = status[chatError.code]
  if (SERVER_FAULTS.has(chatError.code)) request.log.error({ err: error }, 'request failed')
  if (statusCode === 429 || statusCode === 503)
    reply.header('retry-after', Math.ceil((chatError.retryAfterMs ?? RETRY_AFTER_MS) / MS_PER_S))
  reply.code(statusCode)
  return chatError
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
