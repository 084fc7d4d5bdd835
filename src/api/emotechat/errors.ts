/** Errors in the form of the EmoteChat dialect: an HTTP status and one sentence. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, type ErrorCode } from '../../domain/errors.ts'
import { chatErrorOf, applyError } from '../http/errors.ts'

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

/** One text for every cause, so that an answer tells nobody which addresses have an account. */
const NO_LOGIN =
  'The e-mail address or the password is wrong, or the account cannot be used: its address has yet to be ' +
  'confirmed, or it is suspended.'

/** Sentences that are others here, where accounts are known by their address. */
const WORDING: Partial<Record<ErrorCode, string>> = {
  wrong_credentials: NO_LOGIN,
  unverified: NO_LOGIN,
  suspended: NO_LOGIN,
  account_taken: 'The e-mail address is taken.',
  invalid_reset_token: 'The token is invalid, was used before or has expired.',
  unsupported_media_type: 'The body must be JSON or a form.'
}

/** The body that tells an error. `message` is what it says of itself. */
export function refusal (code: ErrorCode, message: string = ERRORS[code]) {
  return { message: WORDING[code] ?? message }
}

/** The answer to a URL that cannot even be read. */
export const BAD_URL = { message: 'The URL is not valid.' } as const

/** The error handler of every route of this dialect. */
export function handleError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const chatError = chatErrorOf(error)
  applyError(chatError, STATUS[chatError.code], error, request, reply)
  return reply.send(refusal(chatError.code, chatError.message))
}
