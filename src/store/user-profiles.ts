/** Queries on the profiles of users of either kind: of the application, and with accounts of ours. */
import { and, asc, desc, eq, gt, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import { beginsWith } from './directory.ts'
import { accountProfiles, applicationUsers, users } from './schema.ts'

/** So many users a search finds; who needs more types another letter. */
const MAX_FOUND = 1_000

/** Which user: by the number of an account of ours, or by the id that the application gave. */
export type UserReference = { accountId: number } | { externalId: string }

/** A profile. `externalId` is null for an account of ours. */
export type ProfileRow = {
  userId: number
  externalId: string | null
  username: string
  displayName: string
  avatar: string | null
  data: Record<string, unknown>
  version: number
  email: string
  createdAt: Date
  suspendedAt: Date | null
  tokensRevokedAt: Date | null
}

/** The parts of a profile that can be changed. */
export type ProfileFields = Pick<ProfileRow, 'displayName' | 'avatar' | 'data'>

/** Users before or behind a position in the order of their numbers, in the order of the reading. */
export type ProfileRange = { position: number | undefined, isBackward: boolean, limit: number }

const COLUMNS = {
  userId: users.id,
  externalId: applicationUsers.externalId,
  username: users.username,
  displayName: users.displayName,
  avatar: sql<string | null>`coalesce(${applicationUsers.avatar}, ${accountProfiles.avatar})`,
  data: sql<Record<string, unknown>>`coalesce(${applicationUsers.data}, ${accountProfiles.data}, '{}')`,
  version: sql<number>`coalesce(${applicationUsers.version}, ${accountProfiles.version}, 1)`,
  email: users.email,
  createdAt: users.createdAt,
  suspendedAt: users.suspendedAt,
  tokensRevokedAt: applicationUsers.tokensRevokedAt
}

/** The picture of a user of a query. */
export function avatarOf (userId: AnyPgColumn): SQL<string | null> {
  return sql<string | null>`coalesce(
    (select a.avatar from ${applicationUsers} a where a.user_id = ${userId}),
    (select p.avatar from ${accountProfiles} p where p.user_id = ${userId}))`
}

/** Neither erased nor a registration that waits for its code. */
const IS_USER = and(isNull(users.deletedAt), or(isNotNull(users.activatedAt), eq(users.passwordHash, '')))

function selectProfiles (orm: Orm, where: SQL | undefined) {
  return orm
    .select(COLUMNS)
    .from(users)
    .leftJoin(applicationUsers, eq(applicationUsers.userId, users.id))
    .leftJoin(accountProfiles, eq(accountProfiles.userId, users.id))
    .where(and(IS_USER, where))
}

/** Returns a profile. */
export async function findProfile (orm: Orm, reference: UserReference): Promise<ProfileRow | undefined> {
  const [row] = await selectProfiles(orm, matches(reference))
  return row
}

/** The same, and keeps the user unchanged until the transaction ends. */
export async function lockProfile (tx: Orm, reference: UserReference): Promise<ProfileRow | undefined> {
  const found = await findProfile(tx, reference)
  if (found === undefined) return undefined
  await tx.select({ id: users.id }).from(users).where(eq(users.id, found.userId)).for('update')
  return findProfile(tx, reference)
}

function matches (reference: UserReference): SQL {
  return 'accountId' in reference
    ? eq(users.id, reference.accountId)
    : eq(applicationUsers.externalId, reference.externalId)
}

/** Replaces the profile of a locked user. @returns the new version */
export async function saveProfile (
  tx: Orm, { userId, externalId }: Pick<ProfileRow, 'userId' | 'externalId'>, profile: ProfileFields
): Promise<number> {
  const { displayName, avatar, data } = profile
  await tx.update(users).set({ displayName }).where(eq(users.id, userId))
  const [row] = externalId === null
    ? await tx
        .insert(accountProfiles)
        .values({ userId, avatar, data, version: 2 })
        .onConflictDoUpdate({
          target: accountProfiles.userId, set: { avatar, data, version: sql`${accountProfiles.version} + 1` }
        })
        .returning({ version: accountProfiles.version })
    : await tx
        .update(applicationUsers)
        .set({ avatar, data, version: sql`${applicationUsers.version} + 1` })
        .where(eq(applicationUsers.userId, userId))
        .returning({ version: applicationUsers.version })
  if (row === undefined) throw new Error('The user was deleted.')
  return row.version
}

/** Lists users, with `prefix` those whose name or id begins with it. */
export async function listProfiles (orm: Orm, prefix: string, range: ProfileRange): Promise<ProfileRow[]> {
  const { position, isBackward, limit } = range
  const isBehind = position === undefined ? undefined : (isBackward ? lt : gt)(users.id, position)
  const isFound = prefix === '' ? undefined : sql`${users.id} in (${foundBy(prefix)})`
  return selectProfiles(orm, and(isBehind, isFound))
    .orderBy(isBackward ? desc(users.id) : asc(users.id))
    .limit(limit)
}

/** The ids of a bounded number of users whose name or id begins with a text: a range of an index for each. */
function foundBy (prefix: string): SQL {
  const inAnyCase = (column: SQL) => beginsWith(column, (bound) => sql`lower(${bound})`, prefix)
  const named = sql`${users.directoryPosition} is not null`
  return sql`select id from (
    (select ${users.id} as id from ${users} where ${named} and ${inAnyCase(sql`${users.usernameKey}`)}
      limit ${MAX_FOUND})
    union (select ${users.id} from ${users} where ${named} and ${inAnyCase(sql`lower(${users.displayName})`)}
      limit ${MAX_FOUND})
    union (select ${users.id} from ${users} where ${users.passwordHash} = ''
      and ${inAnyCase(sql`lower(${users.displayName})`)} limit ${MAX_FOUND})
    union (select ${applicationUsers.userId} from ${applicationUsers}
      where ${beginsWith(sql`${applicationUsers.externalId}`, (bound) => sql`${bound}`, prefix)} limit ${MAX_FOUND})
  ) found limit ${MAX_FOUND}`
}
