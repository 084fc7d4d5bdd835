/** Queries that bring users of an import. */
import { and, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { Orm } from '../database.ts'
import {
  accountProfiles, applicationUsers, blocks, deletedChatIds, hiddenPresence, hiddenReceipts, notificationSettings,
  retiredNames, users
} from '../schema.ts'
import { inList } from '../sql.ts'
import { type Columns, insertRows, rowsAs, type RowsOf } from './insert-rows.ts'

const USER = {
  id: 'bigint',
  username: 'text',
  username_key: 'text',
  display_name: 'text',
  email: 'text',
  email_key: 'text',
  password_hash: 'text',
  activated_at: 'time',
  email_verified_at: 'time',
  created_at: 'time',
  suspended_at: 'time',
  disabled_at: 'time',
  deleted_at: 'time'
} as const satisfies Columns

const APPLICATION_USER = {
  user_id: 'bigint',
  external_id: 'text',
  avatar: 'text',
  data: 'json',
  version: 'integer',
  claimed_name: 'text',
  claimed_avatar: 'text',
  tokens_revoked_at: 'time'
} as const satisfies Columns

const PROFILE = { user_id: 'bigint', avatar: 'text', data: 'json', version: 'integer' } as const satisfies Columns
const BLOCK = { user_id: 'bigint', blocked_id: 'bigint', created_at: 'time' } as const satisfies Columns
const SETTINGS = {
  user_id: 'bigint',
  push: 'text',
  previews: 'boolean',
  quiet_from: 'integer',
  quiet_to: 'integer',
  time_zone: 'text',
  mail_after_minutes: 'integer'
} as const satisfies Columns
const OWN = { user_id: 'bigint' } as const satisfies Columns

const ERASED_SUFFIX_LENGTH = 12

/** A row of `users`; without an `id` it gets the next number. */
export type UserToInsert = RowsOf<typeof USER>[number] & { username_key: string }
/** A row of `application_users`. */
export type ApplicationUserToInsert = RowsOf<typeof APPLICATION_USER>[number]
/** A row of `account_profiles`. */
export type ProfileToInsert = RowsOf<typeof PROFILE>[number]
/** A row of `notification_settings`. */
export type SettingsToInsert = RowsOf<typeof SETTINGS>[number]
/** Rows for users of both kinds. */
export type Profiles = { ofApplication: readonly ApplicationUserToInsert[], ofAccounts: readonly ProfileToInsert[] }
/** An account by the keys of its names. */
export type AccountKeys = { id: number, usernameKey: string, emailKey: string }

/** The users of the application with these ids, by them. */
export async function findByExternalIds (
  orm: Orm, externalIds: readonly string[]
): Promise<ReadonlyMap<string, number>> {
  if (externalIds.length === 0) return new Map()
  const rows = await orm
    .select({ externalId: applicationUsers.externalId, userId: applicationUsers.userId })
    .from(applicationUsers)
    .where(inArray(applicationUsers.externalId, [...externalIds]))
  return new Map(rows.map(({ externalId, userId }) => [externalId, userId]))
}

/** The accounts with one of these keys of a username, or of an address. */
export async function findByKeys (
  orm: Orm, { usernameKeys, emailKeys }: { usernameKeys: readonly string[], emailKeys: readonly string[] }
): Promise<AccountKeys[]> {
  const columns = { id: users.id, usernameKey: users.usernameKey, emailKey: users.emailKey }
  const select = (where: SQL) => orm.select(columns).from(users).where(where)
  return [
    ...usernameKeys.length === 0 ? [] : await select(inArray(users.usernameKey, [...usernameKeys])),
    ...emailKeys.length === 0 ? [] : await select(inArray(users.emailKey, [...emailKeys]))
  ]
}

/** Those of these numbers that users have, and whether each is erased. */
export async function findTaken (orm: Orm, userIds: readonly number[]): Promise<ReadonlyMap<number, boolean>> {
  const rows = await orm
    .select({ id: users.id, isErased: sql<boolean>`${users.deletedAt} is not null` })
    .from(users)
    .where(inList(users.id, `{${userIds.join()}}`, 'bigint'))
  return new Map(rows.map(({ id, isErased }) => [id, isErased]))
}

/** Those of these users that are erased. They stay as they are until the transaction ends. */
export async function findErased (tx: Orm, userIds: readonly number[]): Promise<ReadonlySet<number>> {
  await tx.select({ id: users.id }).from(users).where(inList(users.id, `{${userIds.join()}}`, 'bigint'))
    .orderBy(users.id).for('key share')
  const rows = await tx.select({ id: users.id }).from(users)
    .where(and(inList(users.id, `{${userIds.join()}}`, 'bigint'), isNotNull(users.deletedAt)))
  return new Set(rows.map(({ id }) => id))
}

/** Has no user get a number up to this one by itself. */
export async function reserveUserNumbers (tx: Orm, upTo: number): Promise<void> {
  await tx.execute(sql`select count(nextval('users_id_seq')) from generate_series(
    (select case when is_called then last_value + 1 else last_value end from users_id_seq), ${upTo}::bigint)`)
}

/** Inserts users in their order, but for those with a name that is taken. @returns their numbers, by key */
export async function insertUsers (tx: Orm, rows: readonly UserToInsert[]): Promise<ReadonlyMap<string, number>> {
  if (rows.length === 0) return new Map()
  const inserted = tx.$with('inserted').as(
    tx.insert(users).select(sql`select coalesce(id, nextval('users_id_seq')), username, username_key, display_name,
        email, email_key, password_hash, activated_at, email_verified_at, coalesce(created_at, now()), null::bigint,
        suspended_at, disabled_at, null::text, deleted_at
      from (select * from ${rowsAs(USER, rows)} order by ord) sorted`)
      .onConflictDoNothing()
      .returning({ id: users.id, usernameKey: users.usernameKey })
  )
  const found = await tx.with(inserted).select().from(inserted)
  return new Map(found.map(({ id, usernameKey }) => [usernameKey, id]))
}

/** Inserts the profiles of users that were inserted before. */
export async function insertProfiles (
  tx: Orm,
  { ofApplication, ofAccounts }: Profiles
): Promise<void> {
  await insertRows(tx, applicationUsers, APPLICATION_USER, ofApplication)
  await insertRows(tx, accountProfiles, PROFILE, ofAccounts)
}

/** Keeps from others what these users have not let them know. */
export async function hideOwn (
  tx: Orm, { receipts, presence }: { receipts: readonly number[], presence: readonly number[] }
): Promise<void> {
  const rowsOf = (userIds: readonly number[]) => userIds.map((userId) => ({ user_id: userId }))
  await insertRows(tx, hiddenReceipts, OWN, rowsOf(receipts), { mayExist: true })
  await insertRows(tx, hiddenPresence, OWN, rowsOf(presence), { mayExist: true })
}

/** Inserts what users want to be notified of. */
export async function insertSettings (tx: Orm, rows: readonly SettingsToInsert[]): Promise<void> {
  await insertRows(tx, notificationSettings, SETTINGS, rows, { mayExist: true })
}

/** Inserts blocks, unless they are there. */
export async function insertBlocks (tx: Orm, rows: RowsOf<typeof BLOCK>): Promise<void> {
  await insertRows(tx, blocks, BLOCK, rows, { mayExist: true })
}

/** Has no name with one of these hashes, and no such id of a chat, be given out again. */
export async function retire (
  tx: Orm, { nameHashes, chatIds }: { nameHashes: readonly string[], chatIds: readonly string[] }
): Promise<void> {
  const names = nameHashes.map((hash) => ({ name_hash: hash }))
  await insertRows(tx, retiredNames, { name_hash: 'text' }, names, { mayExist: true })
  const chats = chatIds.map((id) => ({ public_id: id }))
  await insertRows(tx, deletedChatIds, { public_id: 'text' }, chats, { mayExist: true })
}

/** Gives an erased user the name by which others see that it is erased. @param suffix makes the name its own */
export async function nameErased (tx: Orm, userId: number, suffix: string): Promise<void> {
  const name = `deleted_${String(userId)}_${suffix.slice(0, ERASED_SUFFIX_LENGTH)}`
  await tx.update(users).set({ username: name, usernameKey: name.toLowerCase(), displayName: name })
    .where(eq(users.id, userId))
}
