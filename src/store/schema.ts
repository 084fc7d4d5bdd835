/**
 * The Drizzle tables: the source of truth for rows, migrations and the types of the queries.
 *
 * Everything inside a chat is keyed by `(chat_id, seq)`, so that the hot tables can be hash-partitioned or distributed
 * by `chat_id` without a change of code. They have no foreign keys for the same reason, and because checking them would
 * halve the rate of inserts.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'

const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity()
const instant = (name: string) => timestamp(name, { mode: 'date', withTimezone: true, precision: 3 })
const createdAt = () => instant('created_at').notNull().defaultNow()
const reference = (name: string) => bigint(name, { mode: 'number' }).notNull()

/**
 * Accounts. `username_key` and `email_key` are the lower-case forms that make both unique regardless of case.
 * `activated_at` is null while a registration waits for its code: such an account is invisible to other users and may
 * be registered again. `directory_position` numbers the active accounts 1, 2, 3 … in the order they became active, so
 * that any page of their list is a range; it is null for the others. `suspended_at` is set while an operator locks the
 * account.
 */
export const users = pgTable(
  'users',
  {
    id: id(),
    username: text('username').notNull(),
    usernameKey: text('username_key').notNull(),
    displayName: text('display_name').notNull(),
    email: text('email').notNull(),
    emailKey: text('email_key').notNull(),
    passwordHash: text('password_hash').notNull(),
    activatedAt: instant('activated_at'),
    emailVerifiedAt: instant('email_verified_at'),
    createdAt: createdAt(),
    directoryPosition: bigint('directory_position', { mode: 'number' }),
    suspendedAt: instant('suspended_at')
  },
  (table) => [
    uniqueIndex('users_username_key').on(table.usernameKey),
    uniqueIndex('users_email_key').on(table.emailKey),
    uniqueIndex('users_directory_position').on(table.directoryPosition),
    // Accounts that wait for a number: usually none, so that this lookup costs nothing.
    index('users_unnumbered')
      .on(table.id)
      .where(sql`${table.activatedAt} is not null and ${table.directoryPosition} is null`)
  ]
)

/**
 * The proof of an account's address, at most one: a mailed code, whose hash is keyed since six digits can be guessed,
 * or the token of a mailed link.
 */
export const verificationCodes = pgTable(
  'verification_codes',
  {
    userId: bigint('user_id', { mode: 'number' })
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    codeHash: text('code_hash').notNull(),
    attempts: integer('attempts').notNull().default(0),
    expiresAt: instant('expires_at').notNull()
  },
  (table) => [index('verification_codes_hash').on(table.codeHash)]
)

/** The pending password reset of an account: at most one, so that a newer link invalidates the older. */
export const resetTokens = pgTable(
  'reset_tokens',
  {
    userId: bigint('user_id', { mode: 'number' })
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    tokenHash: text('token_hash').notNull(),
    expiresAt: instant('expires_at').notNull()
  },
  (table) => [index('reset_tokens_hash').on(table.tokenHash)]
)

/** One row per login. Access tokens name it (`sid`), so revoking the row revokes them all. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    userId: reference('user_id').references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at')
  },
  (table) => [index('sessions_user').on(table.userId), index('sessions_expiry').on(table.expiresAt)]
)

/**
 * Every refresh token of a session, spent ones included: a spent one that is presented again indicates a stolen
 * session.
 */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    tokenHash: text('token_hash').primaryKey(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    spentAt: instant('spent_at')
  },
  (table) => [index('refresh_tokens_session').on(table.sessionId)]
)

/** Direct chats; `user_low < user_high` makes the pair unique under concurrency. */
export const chats = pgTable(
  'chats',
  {
    id: id(),
    userLow: reference('user_low'),
    userHigh: reference('user_high'),
    createdAt: createdAt()
  },
  (table) => [
    uniqueIndex('chats_pair').on(table.userLow, table.userHigh),
    check('chats_pair_ordered', sql`${table.userLow} < ${table.userHigh}`)
  ]
)

/**
 * The counter of each chat, separate from `chats` so that the row updated by every post stays narrow and its updates
 * HOT. `members_version` grows with every change of membership: replicas compare it before they deliver.
 */
export const chatHeads = pgTable('chat_heads', {
  chatId: bigint('chat_id', { mode: 'number' }).primaryKey(),
  lastSeq: reference('last_seq').default(0),
  lastAt: instant('last_at').notNull().defaultNow(),
  membersVersion: integer('members_version').notNull().default(1)
})

/**
 * The members of a chat. Messages up to `from_seq` were posted before this membership began and are not visible to it;
 * those up to `read_seq` were returned to it by the history.
 */
export const participants = pgTable(
  'participants',
  {
    chatId: reference('chat_id'),
    userId: reference('user_id'),
    fromSeq: reference('from_seq').default(0),
    joinedAt: instant('joined_at').notNull().defaultNow(),
    readSeq: reference('read_seq').default(0)
  },
  (table) => [primaryKey({ columns: [table.chatId, table.userId] }), index('participants_user').on(table.userId)]
)

/**
 * Messages. `seq` is gapless per chat and gives the order; `id` is only a name. `post_key` identifies a retried post:
 * the author's `clientMessageID` prefixed with `c`, or a generated key prefixed with `s`.
 */
export const messages = pgTable(
  'messages',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    id: bigint('id', { mode: 'number' }).notNull().generatedByDefaultAsIdentity(),
    authorId: reference('author_id'),
    body: text('body').notNull(),
    postKey: text('post_key').notNull(),
    createdAt: createdAt()
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.seq] }),
    uniqueIndex('messages_post_key').on(table.chatId, table.authorId, table.postKey)
  ]
)

/** Mails of committed transactions. Rows are deleted when they are sent; `failed_at` marks those given up. */
export const mailOutbox = pgTable(
  'mail_outbox',
  {
    id: id(),
    recipient: text('recipient').notNull(),
    subject: text('subject').notNull(),
    text: text('text').notNull(),
    html: text('html').notNull(),
    createdAt: createdAt(),
    attempts: integer('attempts').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    failedAt: instant('failed_at')
  },
  (table) => [
    index('mail_outbox_due')
      .on(table.dueAt)
      .where(sql`${table.failedAt} is null`)
  ]
)

/** Subscribers of the newsletter. */
export const subscribers = pgTable('subscribers', {
  emailKey: text('email_key').primaryKey(),
  email: text('email').notNull(),
  createdAt: createdAt()
})

/** Number of epochs that an operator has begun: one row. See the SQL function `current_history`. */
export const epochs = pgTable(
  'epochs',
  {
    id: integer('id').primaryKey().default(1),
    counter: integer('counter').notNull().default(1)
  },
  (table) => [check('epochs_single', sql`${table.id} = 1`)]
)

/**
 * The identity of the installation: one row, with an id that is generated once and included in dumps. While the history
 * of the database equals `kept_for` its epoch keeps the name that 0.1 gave it, so that an upgrade does not begin a new
 * epoch. See the SQL function `current_installation`.
 */
export const installations = pgTable(
  'installations',
  {
    id: integer('id').primaryKey().default(1),
    installationId: uuid('installation_id').notNull().defaultRandom(),
    createdAt: createdAt(),
    keptFor: text('kept_for')
  },
  (table) => [check('installations_single', sql`${table.id} = 1`)]
)
