/** Queries on users of the application. */
import { and, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isIdRetired } from './owner-changes.ts'
import { applicationUsers, sessions, users } from './schema.ts'
import { NOW } from './sql.ts'

/** The profile of a user of the application. */
export type Profile = { displayName: string, avatar: string | null, data: Record<string, unknown> }

/** What the last token of a user said of the profile. */
export type ProfileClaims = { claimedName: string | null, claimedAvatar: string | null }

/** A user of the application. */
export type ApplicationUser = Profile & ProfileClaims & {
  userId: number
  externalId: string
  version: number
  username: string
  createdAt: Date
  suspendedAt: Date | null
  tokensRevokedAt: Date | null
}

/** In the place of a password hash: no password has it. */
const NO_PASSWORD = ''

const COLUMNS = {
  userId: users.id,
  externalId: applicationUsers.externalId,
  username: users.username,
  displayName: users.displayName,
  avatar: applicationUsers.avatar,
  data: applicationUsers.data,
  version: applicationUsers.version,
  createdAt: users.createdAt,
  suspendedAt: users.suspendedAt,
  claimedName: applicationUsers.claimedName,
  claimedAvatar: applicationUsers.claimedAvatar,
  tokensRevokedAt: applicationUsers.tokensRevokedAt
}

/** Returns the user with that id of the application's. */
export async function findApplicationUser (orm: Orm, externalId: string): Promise<ApplicationUser | undefined> {
  const [row] = await orm
    .select(COLUMNS)
    .from(applicationUsers)
    .innerJoin(users, eq(users.id, applicationUsers.userId))
    .where(eq(applicationUsers.externalId, externalId))
  return row
}

/** The same, and keeps it unchanged until the transaction ends. */
export async function lockApplicationUser (tx: Orm, externalId: string): Promise<ApplicationUser | undefined> {
  const [row] = await tx
    .select(COLUMNS)
    .from(applicationUsers)
    .innerJoin(users, eq(users.id, applicationUsers.userId))
    .where(eq(applicationUsers.externalId, externalId))
    .for('update')
  return row
}

/**
 * Adds a user, unless there is one of that id.
 * @returns whether it was added; undefined when a user of that id was erased, and then the transaction must not be
 * committed
 */
export async function insertApplicationUser (
  tx: Orm, externalId: string, { displayName, avatar, data, ...claims }: Profile & ProfileClaims
): Promise<boolean | undefined> {
  // An upper-case letter is in no key that is looked up, so that no name and no address finds this user.
  const key = `U~${externalId}`
  const [row] = await tx
    .insert(users)
    .values({
      username: `~${externalId}`,
      usernameKey: key,
      displayName,
      email: '',
      emailKey: key,
      passwordHash: NO_PASSWORD
    })
    // Of any key: of two that add the same user at once, one may meet the other at that of the address.
    .onConflictDoNothing()
    .returning({ id: users.id })
  if (row === undefined) return false
  // After the insert, which has waited for an erasure of the user that had the id.
  if (await isIdRetired(tx, externalId)) return undefined
  await tx.insert(applicationUsers).values({ userId: row.id, externalId, avatar, data, ...claims })
  return true
}

/** Replaces the profile of a user, and what its token said of it if that is given. */
export async function updateProfile (
  tx: Orm, userId: number, { displayName, avatar, data, ...claims }: Profile & Partial<ProfileClaims>
): Promise<void> {
  await tx.update(users).set({ displayName }).where(eq(users.id, userId))
  await tx
    .update(applicationUsers)
    .set({ avatar, data, ...claims, version: sql`${applicationUsers.version} + 1` })
    .where(eq(applicationUsers.userId, userId))
}

/** Refuses tokens that were issued until a moment. @returns the end of the refused time, which only grows */
export async function revokeTokens (tx: Orm, userId: number, until: Date | undefined): Promise<Date> {
  const moment = until === undefined ? NOW : sql`${until.toISOString()}::timestamptz`
  const [row] = await tx
    .update(applicationUsers)
    .set({ tokensRevokedAt: sql`greatest(${applicationUsers.tokensRevokedAt}, ${moment})` })
    .where(eq(applicationUsers.userId, userId))
    .returning({ revokedAt: applicationUsers.tokensRevokedAt })
  if (row?.revokedAt === undefined || row.revokedAt === null) throw new Error('The user was deleted.')
  return row.revokedAt
}

/** Revokes the sessions of an account that began until a moment. @returns the ids of those that were live */
export async function revokeSessionsBegunUntil (orm: Orm, userId: number, until: Date | undefined): Promise<string[]> {
  const rows = await orm
    .update(sessions)
    .set({ revokedAt: NOW })
    .where(and(
      eq(sessions.userId, userId),
      isNull(sessions.revokedAt),
      until === undefined ? undefined : lte(sessions.createdAt, until)
    ))
    .returning({ id: sessions.id })
  return rows.map(({ id }) => id)
}

/** Returns until when tokens of these users are refused, for those for which any are. */
export async function findRevocations (
  orm: Orm, userIds: number[]
): Promise<{ userId: number, revokedAt: Date | null, isSuspended: boolean }[]> {
  return orm
    .select({
      userId: applicationUsers.userId,
      revokedAt: applicationUsers.tokensRevokedAt,
      isSuspended: sql<boolean>`${users.suspendedAt} is not null`
    })
    .from(applicationUsers)
    .innerJoin(users, eq(users.id, applicationUsers.userId))
    .where(inArray(applicationUsers.userId, userIds))
}
