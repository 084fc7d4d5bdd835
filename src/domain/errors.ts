/**
 * The catalogue of errors of the product, with one sentence each. It knows neither HTTP nor close codes: each dialect
 * maps the codes to its own form.
 */
import { isTransient } from '../store/postgres/failures.ts'

/** Every code with its sentence. */
export const ERRORS = {
  invalid_input: 'The request is not valid.',
  invalid_username: 'A username has 3 to 32 characters: letters, digits, "_", "-" and ".".',
  invalid_name: 'A name has 1 to 64 characters and no control characters.',
  invalid_email: 'The e-mail address is not valid.',
  weak_password:
    'A password has at least 8 characters, among them an upper-case letter, a lower-case letter, a digit and a ' +
    'punctuation character, and at most 256 bytes.',
  passwords_differ: 'The two passwords differ.',
  account_taken: 'The username or the e-mail address is taken.',
  wrong_credentials: 'The username or the password is wrong.',
  unverified: 'The e-mail address of this account is not verified yet.',
  suspended: 'This account is suspended.',
  wrong_code: 'The code is wrong, was used before or has expired.',
  invalid_refresh_token: 'The refresh token is invalid, has expired or was used before.',
  invalid_reset_token: 'The link is invalid, was used before or has expired.',
  unknown_user: 'There is no such user.',
  unauthenticated: 'The session token is missing, invalid or has expired.',
  unknown_receiver: 'There is no user of that name to chat with.',
  chat_with_yourself: 'A chat needs somebody else.',
  chat_exists: 'The two of you already share a chat.',
  not_a_participant: 'There is no such chat, or you are not a participant of it.',
  invalid_text: 'The text of a message has 1 to 4,000 characters.',
  conflict: 'This clientMessageID was used for another text.',
  position_unknown: 'The chat has no message with that seq: start over from its history.',
  epoch_changed:
    'The server\'s data went back to an earlier state: forget the chats you know and start over from their history.',
  too_many_chats: 'This socket has joined as many chats as it may.',
  too_many_frames: 'Too many frames: slow down.',
  draining: 'This server is about to stop: connect again in a moment.',
  overloaded: 'The server is busy: try again in a moment.',
  over_capacity: 'The server has more to do than it can: try again in a moment.',
  unavailable: 'The server cannot reach its database now: try again in a moment.',
  unconfirmed: 'It is not known whether the message was stored: send it again with the same clientMessageID.',
  rate_limited: 'Too many requests: try again later.',
  too_many_sockets: 'Too many open sockets: close one, or try again in a moment.',
  foreign_origin: 'This page may not use the server from a browser.',
  unknown_action: 'The server knows no such action.',
  unknown_route: 'There is no such route.',
  body_too_large: 'The body is too large.',
  unsupported_media_type: 'The body must be JSON.',
  internal: 'Something went wrong on our side.'
} as const

/** A stable name of an error. */
export type ErrorCode = keyof typeof ERRORS

/** Errors after which the same may succeed later without a change. */
export const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'rate_limited',
  'too_many_frames',
  'too_many_sockets',
  'draining',
  'overloaded',
  'over_capacity',
  'unavailable',
  'unconfirmed'
] as const)

/** Details of an error besides its sentence. */
export type ChatErrorOptions = ErrorOptions & {
  /** How long the same would be refused again. */
  retryAfterMs?: number
  /** The account concerned: for the log, never for the answer. */
  userId?: number | undefined
  /** The exact cause: also for the log only. */
  detail?: string
}

/** An error that the product foresees; `message` is a sentence for its user. */
export class ChatError extends Error {
  override readonly name = 'ChatError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly userId: number | undefined
  readonly detail: string | undefined

  constructor (code: ErrorCode, message: string = ERRORS[code], options: ChatErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.userId = options.userId
    this.detail = options.detail
  }
}

/**
 * The error that a client is sent for anything thrown: foreseen errors as they are, an unreachable database as
 * `unavailable`, and everything else as `internal`.
 */
export function asChatError (error: unknown): ChatError {
  if (error instanceof ChatError) return error
  return new ChatError(isTransient(error) ? 'unavailable' : 'internal', undefined, { cause: error })
}
