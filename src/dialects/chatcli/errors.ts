/** Errors in the form of the ChatCLI dialect: an HTTP status and the envelope. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asChatError, ChatError, type ErrorCode } from '../../domain/errors.ts'
import { failure } from './envelope.ts'

/** The HTTP status of each code; the compiler finds a missing one. */
const STATUS: Record<ErrorCode, number> = {
  invalid_input: 400,
  invalid_username: 400,
  invalid_email: 400,
  weak_password: 400,
  passwords_differ: 400,
  account_taken: 400,
  wrong_credentials: 400,
  unverified: 400,
  wrong_code: 400,
  invalid_refresh_token: 401,
  invalid_reset_token: 400,
  unknown_user: 404,
  unauthenticated: 401,
  unknown_receiver: 400,
  chat_with_yourself: 400,
  chat_exists: 409,
  not_a_participant: 404,
  invalid_text: 400,
  conflict: 409,
  position_unknown: 409,
  too_many_chats: 429,
  too_many_frames: 429,
  too_many_sockets: 503,
  rate_limited: 429,
  overloaded: 429,
  unavailable: 503,
  unconfirmed: 503,
  unknown_action: 400,
  unknown_route: 404,
  body_too_large: 413,
  unsupported_media_type: 415,
  internal: 500
}

const RETRY_AFTER_S = 1

/** What an operator must hear of; a refusal for want of room is none. */
const OURS_TO_MEND: ReadonlySet<ErrorCode> = new Set(['internal', 'unavailable', 'unconfirmed'])

/** What Node calls a request whose client went away in the middle of its body. */
const BROKEN_OFF = 'ECONNRESET'

/** The code of what Fastify itself refused, by the status it would answer. */
const CODE_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  404: 'unknown_route',
  413: 'body_too_large',
  415: 'unsupported_media_type'
}

/** What went wrong as an error of the catalogue, whoever found it: the domain, the schema or Fastify. */
export function chatErrorOf (error: FastifyError): ChatError {
  // Nobody is there to read the answer, and nothing of ours went wrong.
  if (error.code === BROKEN_OFF) return new ChatError('invalid_input', 'The body was broken off.')
  const chatError = asChatError(error)
  if (chatError.code !== 'internal' || error.statusCode === undefined || error.statusCode >= 500) return chatError
  if (error.validation !== undefined) return new ChatError('invalid_input', sentenceOf(error))
  const code = CODE_OF_STATUS[error.statusCode]
  return code === undefined ? new ChatError('invalid_input', 'The body is not valid.') : new ChatError(code)
}

/** The HTTP status that an error has in this dialect. */
export function statusOf (error: ChatError): number {
  return STATUS[error.code]
}

/** The error handler of every route of this dialect. */
export function handleError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const chatError = chatErrorOf(error)
  const status = noteFailure(chatError, error, request, reply)
  return reply.code(status).send(failure(chatError.code, chatError.message))
}

/** Logs what is ours to mend, says when to come back, and tells the status to answer with. */
export function noteFailure (chatError: ChatError, error: unknown, request: FastifyRequest, reply: FastifyReply): number {
  const status = statusOf(chatError)
  if (OURS_TO_MEND.has(chatError.code)) request.log.error({ err: error }, 'request failed')
  if ((status === 429 || status === 503) && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_S)
  return status
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
