/** The HTTP status of each error of the catalogue. */
import type { ErrorCode } from '../../domain/errors.ts'

/** A status for each code; the compiler reports a missing one. */
export type StatusTable = Readonly<Record<ErrorCode, number>>

/** The statuses of every face. A face whose contract demands another overrides it: `{ ...HTTP_STATUS, code: 409 }`. */
export const HTTP_STATUS: StatusTable = {
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
