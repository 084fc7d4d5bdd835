/** The records of an export, one JSON object a line: see `docs/reference/export-format.md`. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { MAX_BAN_REASON_LENGTH } from '../chats/bans.ts'
import { CHAT_TYPE_PATTERN } from '../chats/chat-types.ts'
import { USER_ID_PATTERN } from '../accounts/user-id.ts'
import { MAX_ATTACHMENTS } from '../events/message-input.ts'
import { FILE_ID } from '../files/file-id.ts'
import { MAX_DEVICES } from '../push/devices.ts'
import { MAX_MAIL_MINUTES, MIN_MAIL_MINUTES } from '../push/notification-settings.ts'
import { PUSH_KINDS } from '../push/push.ts'

/** The version of the format. A reader refuses a later one. */
export const FORMAT_VERSION = 1
/** The longest line, in bytes. The longest record of an export of Confab is that of a message with many versions. */
export const MAX_LINE_BYTES = 16 * 1_024 * 1_024
/** Longest `id` of a message that gets its number at the import, and of a file. */
const MAX_REFERENCE_LENGTH = 255

const CLOSED = { additionalProperties: false }
const optional = Type.Optional
const UserId = Type.String({ pattern: USER_ID_PATTERN })
const Time = Type.String({ format: 'date-time' })
const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const Position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Version = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })
const Data = Type.Record(Type.String(), Type.Unknown())
const Name = Type.String({ pattern: CHAT_TYPE_PATTERN })
const Reference = Type.String({ minLength: 1, maxLength: MAX_REFERENCE_LENGTH })

const PasswordHash = Type.String({ pattern: '^\\$argon2id\\$v=19\\$[^\\s$]+\\$[A-Za-z0-9+/]+\\$[A-Za-z0-9+/]+$' })

const HeaderSchema = Type.Object({
  confab: Type.Literal('export'),
  version: Type.Integer({ minimum: 1 }),
  id: Reference,
  scope: optional(Type.Enum(['all', 'chat', 'user'])),
  created_at: optional(Time),
  installation: optional(Type.String()),
  epoch: optional(Type.String())
})

const TypeSchema = Type.Object({
  record: Type.Literal('chat_type'),
  type: Name,
  definition: Type.Object({
    roles: Type.Array(
      Type.Object({ role: Name, permissions: Type.Array(Type.String()) }, CLOSED), { minItems: 1, maxItems: 16 }
    ),
    default_role: Name,
    creator_role: Name,
    visibility: Type.Enum(['private', 'public']),
    history: Type.Enum(['all', 'from_join']),
    features: Type.Object({
      receipts: Type.Boolean(),
      typing: Type.Boolean(),
      threads: Type.Boolean(),
      reactions: Type.Boolean(),
      attachments: Type.Boolean()
    }, CLOSED),
    limits: Type.Object({
      max_members: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
      text: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
      slow_mode_s: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])
    }, CLOSED),
    reactions: Type.Enum(['one', 'many']),
    retention_days: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])
  }, CLOSED)
}, CLOSED)

const TimeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' })
const NotificationsSchema = Type.Object({
  push: optional(Type.Enum(['all', 'mentions', 'none'])),
  previews: optional(Type.Enum(['on', 'off'])),
  quiet_hours: optional(Type.Object({ from: TimeOfDay, to: TimeOfDay, timezone: Type.String() }, CLOSED)),
  unread_mail: optional(Type.Object({
    after_minutes: Type.Integer({ minimum: MIN_MAIL_MINUTES, maximum: MAX_MAIL_MINUTES })
  }, CLOSED))
}, CLOSED)

const DeviceSchema = Type.Object({
  device: Type.String(),
  kind: Type.Enum([...PUSH_KINDS]),
  name: optional(Type.String()),
  failing_since: optional(Time),
  created_at: Time,
  updated_at: Time
}, CLOSED)

const UserSchema = Type.Object({
  record: Type.Literal('user'),
  id: UserId,
  name: optional(Type.String()),
  avatar: optional(Type.String()),
  data: optional(Data),
  version: optional(Version),
  created_at: optional(Time),
  suspended_at: optional(Time),
  erased_at: optional(Time),
  claimed_name: optional(Type.String()),
  claimed_avatar: optional(Type.String()),
  tokens_revoked_at: optional(Time),
  hides_receipts: optional(Type.Literal(true)),
  hides_presence: optional(Type.Literal(true)),
  notifications: optional(NotificationsSchema),
  devices: optional(Type.Array(DeviceSchema, { maxItems: MAX_DEVICES })),
  account: optional(Type.Object({
    username: Type.String(),
    email: Type.String(),
    email_verified_at: optional(Time),
    activated_at: Time,
    disabled_at: optional(Time),
    password_hash: optional(PasswordHash)
  }, CLOSED))
}, CLOSED)

const BlockSchema = Type.Object({
  record: Type.Literal('block'), user: UserId, blocked: UserId, created_at: optional(Time)
}, CLOSED)

const RetiredSchema = Type.Object({
  record: Type.Literal('retired'),
  chat: optional(UserId),
  name_hash: optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }))
}, CLOSED)

const ChatSchema = Type.Object({
  record: Type.Literal('chat'),
  id: optional(UserId),
  type: Name,
  users: optional(Type.Array(UserId, { minItems: 2, maxItems: 2 })),
  name: optional(Type.String()),
  description: optional(Type.String()),
  avatar: optional(Type.String()),
  data: optional(Data),
  version: optional(Version),
  created_at: optional(Time),
  created_by: optional(UserId),
  frozen_at: optional(Time),
  closed_at: optional(Time)
}, CLOSED)

const MemberSchema = Type.Object({
  record: Type.Literal('member'),
  user: UserId,
  role: optional(Name),
  joined_at: optional(Time),
  added_by: optional(UserId),
  data: optional(Data),
  history_after: optional(Position),
  read_seq: optional(Position),
  read_at: optional(Time),
  muted_at: optional(Time),
  pinned_at: optional(Time),
  archived_at: optional(Time),
  notifications: optional(Type.Enum(['mentions', 'none']))
}, CLOSED)

const BanSchema = Type.Object({
  record: Type.Literal('ban'),
  user: UserId,
  by: optional(UserId),
  key: optional(Type.String()),
  reason: optional(Type.String({ maxLength: MAX_BAN_REASON_LENGTH })),
  created_at: optional(Time),
  until: optional(Time)
}, CLOSED)

const SizeOrNull = Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])
const AttachmentSchema = Type.Object({
  file: Type.String({ pattern: FILE_ID.source }),
  name: Type.String({ minLength: 1, maxLength: MAX_REFERENCE_LENGTH }),
  content_type: Type.String({ minLength: 1, maxLength: MAX_REFERENCE_LENGTH }),
  size: Position,
  width: optional(SizeOrNull),
  height: optional(SizeOrNull)
}, CLOSED)

const MessageSchema = Type.Object({
  record: Type.Literal('message'),
  seq: optional(Seq),
  id: optional(Reference),
  user: UserId,
  text: optional(Type.String()),
  client_id: optional(Type.String({ minLength: 1, maxLength: 64 })),
  created_at: Time,
  edited_at: optional(Time),
  deleted_at: optional(Time),
  version: optional(Version),
  versions: optional(Type.Array(
    Type.Object({ version: Version, text: Type.String(), data: optional(Data), created_at: Time }, CLOSED),
    { maxItems: 1_000 }
  )),
  parent: optional(Type.Union([Seq, Reference])),
  reply_to: optional(Type.Union([Seq, Reference])),
  mentions: optional(Type.Array(Type.String(), { maxItems: 50 })),
  data: optional(Data),
  key: optional(Type.String()),
  attachments: optional(Type.Array(AttachmentSchema, { maxItems: MAX_ATTACHMENTS })),
  reactions: optional(Type.Array(
    Type.Object({ emoji: Type.String(), user: UserId, created_at: optional(Time) }, CLOSED)
  )),
  pinned: optional(Type.Object({ at: Time, by: optional(UserId) }, CLOSED)),
  thread: optional(Type.Object({
    replies: Position,
    last_reply_at: optional(Time),
    participants: Type.Array(UserId, { maxItems: 5 }),
    followers: Type.Array(Type.Object({ user: UserId, replies: Position, read_seq: Position }, CLOSED))
  }, CLOSED)),
  hidden_for: optional(Type.Array(UserId))
}, CLOSED)

const EventSchema = Type.Object({
  record: Type.Literal('event'),
  seq: Seq,
  kind: Type.String({ pattern: '^[a-z_]{1,32}\\.[a-z_]{1,32}$' }),
  at: Time,
  by: optional(UserId),
  key: optional(Type.String()),
  message: optional(Seq),
  user: optional(UserId),
  data: optional(Data)
}, CLOSED)

const EndSchema = Type.Object({
  record: Type.Literal('end'),
  users: optional(Position),
  chats: optional(Position),
  messages: optional(Position)
}, CLOSED)

/** The first line: what the file is. `id` names it: a file with the same id goes on where the last one stopped. */
export type Header = Static<typeof HeaderSchema>
/** A type of chats that an application has defined. */
export type TypeRecord = Static<typeof TypeSchema>
/**
 * A user. One with an `account` has an account of Confab's; one with `erased_at` is only there as an author. `devices`
 * are in the export of a user alone: they cannot be reached from another installation.
 */
export type UserRecord = Static<typeof UserSchema>
/** A block of one user by another. */
export type BlockRecord = Static<typeof BlockSchema>
/** An id of a chat, or the hash of a name of a user, that is not given out again. */
export type RetiredRecord = Static<typeof RetiredSchema>
/** A chat: what follows belongs to it, up to the next one. A direct chat has `users` instead of a name. */
export type ChatRecord = Static<typeof ChatSchema>
/** A member of the chat. */
export type MemberRecord = Static<typeof MemberSchema>
/** A user who may not come to the chat, perhaps until a time. */
export type BanRecord = Static<typeof BanSchema>
/** A message of the chat: with its `seq`, or one that gets it at the import. */
export type MessageRecord = Static<typeof MessageSchema>
/** Another event of the log of the chat. */
export type EventRecord = Static<typeof EventSchema>
/** The last line: without it the file was cut off. Counts are compared where they are given. */
export type EndRecord = Static<typeof EndSchema>

/** Any line but the first. */
export type TransferRecord =
  | TypeRecord | UserRecord | BlockRecord | RetiredRecord | ChatRecord | MemberRecord | BanRecord | MessageRecord
  | EventRecord | EndRecord

/** Validators by the name of the record. */
export const FORMS = {
  chat_type: Compile(TypeSchema),
  user: Compile(UserSchema),
  block: Compile(BlockSchema),
  retired: Compile(RetiredSchema),
  chat: Compile(ChatSchema),
  member: Compile(MemberSchema),
  ban: Compile(BanSchema),
  message: Compile(MessageSchema),
  event: Compile(EventSchema),
  end: Compile(EndSchema)
}

/** The validator of the first line. */
export const HEADER_FORM = Compile(HeaderSchema)
