/** Errors in the form of the ChatCLI dialect: an HTTP status and the envelope. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ChatError, ErrorCode } from '../../domain/errors.ts'
import { chatErrorOf, applyError } from '../http/errors.ts'
import { failure } from './envelope.ts'

/** The HTTP status of each code; the compiler finds a missing one. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 400,
  invalid_username: 400,
  invalid_name: 400,
  invalid_email: 400,
  weak_password: 400,
  passwords_differ: 400,
  account_taken: 400,
  wrong_credentials: 400,
  unverified: 400,
  suspended: 400,
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
  epoch_changed: 409,
  too_many_chats: 429,
  too_many_frames: 429,
  too_many_sockets: 503,
  rate_limited: 429,
  draining: 503,
  overloaded: 429,
  over_capacity: 503,
  unavailable: 503,
  unconfirmed: 503,
  foreign_origin: 403,
  unknown_action: 400,
  unknown_route: 404,
  body_too_large: 413,
  unsupported_media_type: 415,
  internal: 500
}

/** The answer to a URL that cannot even be read. */
export const BAD_URL = failure('invalid_input', 'The URL is not valid.')

/** The error handler of every route of this dialect. */
export function handleError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, message } = answerFailure(error, request, reply)
  return reply.send(failure(code, message))
}

/** Sets status and headers of the answer to an error, and logs what is ours to mend. @returns what to tell */
export function answerFailure (error: FastifyError, request: FastifyRequest, reply: FastifyReply): ChatError {
  const chatError = chatErrorOf(error)
  applyError(chatError, STATUS[chatError.code], error, request, reply)
  return chatError
}
