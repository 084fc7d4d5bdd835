/**
 * The catalogue of errors of the product, with one sentence each. It knows neither HTTP nor close codes: each dialect
 * maps the codes to its own form.
 */
import { isTransient } from '../store/postgres/failures.ts'

/** Every code with its sentence. */
export const ERRORS = {
  invalid_input: 'The request is not valid.',
  invalid_username: 'A username has 3 to 32 characters: letters, digits, "_", "-" and ".".',
  invalid_name: 'A name has 1 to 64 characters, not only blank ones, and no control characters.',
  invalid_email: 'The e-mail address is not valid.',
  weak_password:
    'A password has at least 8 characters, among them an upper-case letter, a lower-case letter, a digit and a ' +
    'punctuation character, and at most 256 bytes.',
  passwords_differ: 'The two passwords differ.',
  account_taken: 'The username or the e-mail address is taken.',
  accounts_off: 'This server has no accounts of its own: your application logs you in.',
  registration_closed: 'Nobody can register on this server.',
  invalid_invite: 'Registration takes an invite code, and this one is missing, wrong, expired or used up.',
  profile_taken: 'The username or the e-mail address is taken.',
  wrong_credentials: 'The username or the password is wrong.',
  unverified: 'The e-mail address of this account is not verified yet.',
  suspended: 'This account is suspended.',
  wrong_password: 'The current password is wrong.',
  password_unchanged: 'The new password is the current one.',
  unknown_session: 'There is no such session.',
  wrong_code: 'The code is wrong, was used before or has expired.',
  two_factor_required: 'This account has a second factor: send its code, or a recovery code.',
  two_factor_on: 'This account has a second factor already: switch it off before you set up another one.',
  unknown_two_factor: 'This account has no second factor.',
  invalid_refresh_token: 'The refresh token is invalid, has expired or was used before.',
  invalid_enable_token: 'The link is invalid or was used before.',
  invalid_reset_token: 'The link is invalid, was used before or has expired.',
  banned: 'The user is banned from this chat.',
  unknown_ban: 'The user is not banned from this chat.',
  unknown_report: 'There is no such report, or you may not see it.',
  not_an_operator: 'This is for operators of the installation.',
  blocked: 'One of the two has blocked the other.',
  unknown_block: 'You have not blocked this user.',
  unknown_user: 'There is no such user.',
  user_erased: 'The user of this id was erased, and the id is not given out again.',
  unknown_key: 'There is no such API key.',
  unknown_webhook: 'There is no such webhook.',
  too_many_webhooks: 'There are 50 webhooks, which is as many as there may be.',
  unknown_hook: 'There is no such hook.',
  push_off: 'This server does not send pushes to devices of this kind.',
  unknown_device: 'There is no such device.',
  too_many_devices: 'You have 20 devices, which is as many as there may be: remove one.',
  secret_unreadable: 'The secret was encrypted with a JWT_SECRET that the server no longer has: replace it.',
  unauthenticated: 'The session token is missing, invalid or has expired.',
  insufficient_scope: 'The API key lacks the scope that this needs.',
  unknown_receiver: 'There is no user of that name to chat with.',
  chat_with_yourself: 'A chat needs somebody else.',
  chat_exists: 'There is such a chat already.',
  not_a_participant: 'There is no such chat, or you are not a participant of it.',
  chat_closed: 'The other user has deleted their account: nothing can be posted to this chat any more.',
  chat_frozen: 'This chat is frozen: only its moderators may change something in it.',
  forbidden: 'Your role in this chat, or a block between its two members, does not permit that.',
  feature_off: 'Chats of this type do not have that.',
  text_too_long: 'The text is longer than messages of this chat may be.',
  message_refused: 'The application does not accept this message.',
  hook_failed: 'The message could not be checked by the application: try again in a moment.',
  slow_mode: 'You have just posted to this chat, which is in slow mode: try again in a moment.',
  unknown_chat: 'There is no such chat, or you may not see it.',
  chat_deleted: 'The chat of this id was deleted, and the id is not given out again.',
  chat_type_differs: 'The chat has another type.',
  unknown_chat_type: 'There is no such type of chats.',
  built_in_chat_type: 'The types direct, group, channel and broadcast are built in and do not change.',
  chat_is_direct: 'A direct chat is that of its two members: nobody is added or removed, and it has no name.',
  not_a_member: 'The user is not a member of this chat.',
  member_exists: 'The user is a member already, with another role.',
  unknown_role: 'The type of this chat has no such role.',
  last_owner: 'The last owner of a chat stays the owner until another member is.',
  unknown_invite: 'There is no such invite, or it has expired or was used up.',
  version_conflict: 'It was changed in the meantime: get it again before you change it.',
  not_a_group: 'There is no such group, or you are not a member of it.',
  unknown_member: 'There is no user of that name.',
  invalid_group_name:
    'The name of a group has 1 to 100 characters, not only blank ones, and no control characters.',
  too_many_members: 'The group has as many members as it may.',
  not_the_owner: 'Only the owner of a group may remove others.',
  user_required: 'An API key does this only on behalf of a user.',
  unknown_message: 'There is no such message in this chat.',
  not_the_author: 'Only the author of a message may change it.',
  message_deleted: 'The message has been deleted.',
  invalid_emoji: 'A reaction is an emoji or a short name, of at most 32 bytes and without white space.',
  invalid_mention:
    'A message has at most 50 mentions: ids of users, "@all", and "@role:" with the name of a role.',
  unknown_mention: 'A mention names nobody in this chat.',
  nested_thread: 'This message is a reply in a thread: name the message with which the thread began.',
  too_many_marks: 'There are as many different reactions or pins as there may be.',
  files_off: 'This server stores no files.',
  search_off: 'This server does not index messages for search.',
  unknown_file: 'There is no such file, or you may not see it.',
  file_too_large: 'The file is larger than files may be here.',
  file_quota: 'Your files would take more room than those of one user may.',
  size_differs: 'The content has another size than was announced.',
  file_incomplete: 'The content of the file has not been uploaded yet.',
  file_complete: 'The content of the file has been uploaded already, and does not change.',
  file_attached: 'The file belongs to a message already: delete the message.',
  invalid_avatar: 'A picture is a PNG, JPEG, WebP or GIF of at most 50 megapixels, and not damaged.',
  invalid_link: 'The link is wrong or has expired: get another one.',
  storage_unavailable: 'The server cannot reach its storage of files now: try again in a moment.',
  invalid_text: 'The text of a message has 1 to 4,000 characters, not only blank ones.',
  idempotency_in_progress: 'The same request is still running: try again in a moment.',
  idempotency_key_reused: 'This Idempotency-Key was used for another request.',
  conflict: 'This clientMessageID was used for another text.',
  position_unknown: 'The chat has no message with that seq: start over from its history.',
  epoch_changed:
    'The server\'s data went back to an earlier state: forget the chats you know and start over from their history.',
  too_many_chats: 'This socket has joined as many chats as it may.',
  too_many_frames: 'Too many frames: slow down.',
  updating: 'The server is being updated: try again in a moment.',
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
  method_not_allowed: 'This route has other methods, which are in the header Allow.',
  body_too_large: 'The body is too large.',
  unsupported_media_type: 'The body must be JSON.',
  internal: 'Something went wrong on our side.'
} as const

/** A stable name of an error. */
export type ErrorCode = keyof typeof ERRORS

/** Errors after which the same may succeed later without a change. */
export const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'idempotency_in_progress',
  'hook_failed',
  'rate_limited',
  'slow_mode',
  'too_many_frames',
  'too_many_sockets',
  'updating',
  'draining',
  'overloaded',
  'over_capacity',
  'unavailable',
  'storage_unavailable',
  'unconfirmed'
] as const)

/** A part of a request that is refused. */
export type FieldFault = {
  /** A field of the body by its JSON pointer, a parameter of the URL, or a header. */
  place: { pointer: string } | { parameter: string } | { header: string }
  code: 'missing' | 'unknown' | 'invalid'
  detail: string
}

/** Details of an error besides its sentence. */
export type ChatErrorOptions = ErrorOptions & {
  /** The parts of the request that it is about. */
  fields?: readonly FieldFault[]
  /** How long the same would be refused again. */
  retryAfterMs?: number
  /** The account concerned: for the log, never for the answer. */
  userId?: number | undefined
  /** The exact cause: also for the log only. */
  detail?: string
  /** The present epoch, for an error about another one. */
  epoch?: string
}

/** An error that the product foresees; `message` is a sentence for its user. */
export class ChatError extends Error {
  override readonly name = 'ChatError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly userId: number | undefined
  readonly detail: string | undefined
  readonly fields: readonly FieldFault[] | undefined
  readonly epoch: string | undefined

  constructor (code: ErrorCode, message: string = ERRORS[code], options: ChatErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.userId = options.userId
    this.detail = options.detail
    this.fields = options.fields
    this.epoch = options.epoch
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
