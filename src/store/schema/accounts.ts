/** The tables of accounts: who they are, how they log in, and what changes them. */
import { sql } from 'drizzle-orm'
import { bigint, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, reference } from './columns.ts'

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
    suspendedAt: instant('suspended_at'),
    disabledAt: instant('disabled_at'),
    enableTokenHash: text('enable_token_hash'),
    deletedAt: instant('deleted_at')
  },
  (table) => [
    uniqueIndex('users_username_key').on(table.usernameKey),
    uniqueIndex('users_email_key').on(table.emailKey),
    uniqueIndex('users_directory_position').on(table.directoryPosition),
    index('users_username_prefix')
      .on(table.usernameKey.op('text_pattern_ops'))
      .where(sql`${table.directoryPosition} is not null`),
    index('users_name_prefix')
      .on(sql`lower(${table.displayName}) text_pattern_ops`)
      .where(sql`${table.directoryPosition} is not null`),
    // Users of an application have no password.
    index('users_application_name_prefix')
      .on(sql`lower(${table.displayName}) text_pattern_ops`)
      .where(sql`${table.passwordHash} = ''`),
    // Accounts that wait for a number: usually none, so that this lookup costs nothing.
    index('users_unnumbered')
      .on(table.id)
      .where(sql`${table.activatedAt} is not null and ${table.directoryPosition} is null`)
  ]
)

/**
 * Users of the application: they have no credentials here. Their rows in `users` have a username and an address that
 * nobody can type (see `application-users.ts`) and are never activated, so that no release takes them for accounts.
 * `claimed_name` and `claimed_avatar` are those of the user's last token; tokens that were issued until
 * `tokens_revoked_at` are refused. `version` counts the states of the profile.
 */
export const applicationUsers = pgTable(
  'application_users',
  {
    userId: bigint('user_id', { mode: 'number' })
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    externalId: text('external_id').notNull(),
    avatar: text('avatar'),
    data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
    version: integer('version').notNull().default(1),
    claimedName: text('claimed_name'),
    claimedAvatar: text('claimed_avatar'),
    tokensRevokedAt: instant('tokens_revoked_at')
  },
  (table) => [
    uniqueIndex('application_users_external_id').on(table.externalId),
    index('application_users_id_prefix').on(table.externalId.op('text_pattern_ops'))
  ]
)

/** What accounts of ours say of themselves in `/v1`, beside their names; `version` counts the states. */
export const accountProfiles = pgTable('account_profiles', {
  userId: bigint('user_id', { mode: 'number' })
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  avatar: text('avatar'),
  data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
  version: integer('version').notNull().default(1)
})

/**
 * Keys of the application's backend. The secret part of a key is stored as its hash; `id` is the public part. `scopes`
 * name what it may do.
 */
export const apiKeys = pgTable('api_keys', {
  id: text('id').primaryKey(),
  secretHash: text('secret_hash').notNull(),
  name: text('name').notNull(),
  scopes: text('scopes').array().notNull(),
  createdAt: createdAt(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
  lastUsedAt: instant('last_used_at')
})

/**
 * The proof of an account's address, at most one: a mailed code, whose hash is keyed since six digits can be guessed,
 * or the token of a mailed link. `network_key` identifies the network that registered it, see `earlier_registrations`.
 */
export const verificationCodes = pgTable(
  'verification_codes',
  {
    userId: bigint('user_id', { mode: 'number' })
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    codeHash: text('code_hash').notNull(),
    attempts: integer('attempts').notNull().default(0),
    expiresAt: instant('expires_at').notNull(),
    networkKey: text('network_key')
  },
  (table) => [index('verification_codes_hash').on(table.codeHash)]
)

/**
 * Codes that let their bearers register, where that takes one. `code_key` is the form that makes them unique and is
 * compared; `uses` counts the accounts that were registered with a code, each once.
 */
export const invites = pgTable(
  'invites',
  {
    id: id(),
    code: text('code').notNull(),
    codeKey: text('code_key').notNull(),
    maxUses: integer('max_uses').notNull(),
    uses: integer('uses').notNull().default(0),
    createdAt: createdAt(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at')
  },
  (table) => [uniqueIndex('invites_code_key').on(table.codeKey)]
)

/** The codes that an account was registered with. */
export const inviteUses = pgTable(
  'invite_uses',
  {
    userId: reference('user_id').references(() => users.id, { onDelete: 'cascade' }),
    inviteId: reference('invite_id').references(() => invites.id, { onDelete: 'cascade' }),
    createdAt: createdAt()
  },
  (table) => [primaryKey({ columns: [table.userId, table.inviteId] })]
)

/** New addresses of active accounts, at most one each: it becomes the address of the account by its mailed code. */
export const addressChanges = pgTable(
  'address_changes',
  {
    userId: bigint('user_id', { mode: 'number' })
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    email: text('email').notNull(),
    codeHash: text('code_hash').notNull(),
    attempts: integer('attempts').notNull().default(0),
    expiresAt: instant('expires_at').notNull()
  },
  (table) => [index('address_changes_hash').on(table.codeHash)]
)

/** Hashes of the names of deleted accounts, which are not given out again. */
export const retiredNames = pgTable('retired_names', { nameHash: text('name_hash').primaryKey() })

/**
 * Deleted accounts whose memberships and messages replicas of earlier builds have to remove. The chats up to `chat_id`
 * are done; until `due_at` one works on it.
 */
export const erasures = pgTable('erasures', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey(),
  chatId: reference('chat_id').default(0),
  dueAt: instant('due_at').notNull().defaultNow()
})

/**
 * Registrations of an unverified account that a later one has not replaced, because it was made from another network:
 * any of them may be verified by its own code, and the others are deleted then. `network_key` is a keyed hash of code
 * and network; a release without it leaves one that fits no code.
 */
export const earlierRegistrations = pgTable(
  'earlier_registrations',
  {
    id: id(),
    userId: reference('user_id').references(() => users.id, { onDelete: 'cascade' }),
    username: text('username').notNull(),
    displayName: text('display_name').notNull(),
    email: text('email').notNull(),
    passwordHash: text('password_hash').notNull(),
    networkKey: text('network_key'),
    codeHash: text('code_hash').notNull(),
    attempts: integer('attempts').notNull().default(0),
    expiresAt: instant('expires_at').notNull()
  },
  (table) => [
    index('earlier_registrations_user').on(table.userId),
    index('earlier_registrations_hash').on(table.codeHash)
  ]
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

/**
 * The second factors of accounts. `secret`, which makes the codes, is encrypted; until `confirmed_at` it is not in
 * force. `last_step` is the time step of the last code: none is taken twice.
 */
export const twoFactors = pgTable('two_factors', {
  userId: bigint('user_id', { mode: 'number' })
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  secret: text('secret').notNull(),
  confirmedAt: instant('confirmed_at'),
  lastStep: bigint('last_step', { mode: 'number' }),
  recoveryHashes: text('recovery_hashes').array().notNull().default([])
})

/** One row per login. Access tokens name it (`sid`), so revoking the row revokes them all. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    userId: reference('user_id').references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
    refreshedAt: instant('refreshed_at'),
    userAgent: text('user_agent')
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
