/** Queries by which owners rename, disable and delete their accounts. */
import { and, eq, inArray, isNotNull, ne, sql } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import { forgetAddresses } from './audit-log.ts'
import type { Orm } from './database.ts'
import { insertErasure } from './erasures.ts'
import { removeUnattachedOf } from './files.ts'
import { removeModerationOf } from './reports.ts'
import {
  accountProfiles, applicationUsers, earlierRegistrations, inviteUses, retiredNames, twoFactors, users,
  verificationCodes
} from './schema.ts'
import { NOW } from './sql.ts'
import type { UserRow } from './users.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')
const hashOfName = (username: string) => hashOf(username.toLowerCase())
/** Ids of the application's users are compared with case, and are none of a name. */
const hashOfId = (externalId: string) => hashOf(`id ${externalId}`)

/** Whether a user of the application had this id, and was erased: it is not given out again. */
export async function isIdRetired (orm: Orm, externalId: string): Promise<boolean> {
  const rows = await orm.select().from(retiredNames).where(eq(retiredNames.nameHash, hashOfId(externalId)))
  return rows.length > 0
}

/**
 * Those of these ids of the application's users, and of these names, that erased users had: they are not given out
 * again.
 */
export async function findRetired (
  orm: Orm, { externalIds, usernames }: { externalIds: readonly string[], usernames: readonly string[] }
): Promise<string[]> {
  const byHash = new Map(externalIds.map((id) => [hashOfId(id), id]))
  for (const name of usernames) byHash.set(hashOfName(name), name)
  if (byHash.size === 0) return []
  const rows = await orm.select().from(retiredNames).where(inArray(retiredNames.nameHash, [...byHash.keys()]))
  return rows.map(({ nameHash }) => byHash.get(nameHash) ?? '')
}

async function retireId (tx: Orm, externalId: string): Promise<void> {
  await tx.insert(retiredNames).values({ nameHash: hashOfId(externalId) }).onConflictDoNothing()
}

/** Whether a deleted account had this name, which is not given out again. */
export async function isNameRetired (orm: Orm, username: string): Promise<boolean> {
  const rows = await orm.select().from(retiredNames).where(eq(retiredNames.nameHash, hashOfName(username)))
  return rows.length > 0
}

/**
 * Gives an account another name, and the same display name if that was the old one.
 * @returns false when a deleted account had the name
 * @throws a unique violation when another account has it
 */
export async function renameUser (tx: Orm, user: UserRow, username: string): Promise<boolean> {
  const displayName = user.displayName === user.username ? username : user.displayName
  await tx
    .update(users)
    .set({ username, usernameKey: username.toLowerCase(), displayName })
    .where(eq(users.id, user.id))
  // After the update, which has waited for a deletion of the account that had the name.
  return !(await isNameRetired(tx, username))
}

/**
 * Replaces the address of an account by one that is verified.
 * @throws a unique violation when another account has it
 */
export async function replaceEmail (tx: Orm, userId: number, email: string): Promise<void> {
  await tx
    .update(users)
    .set({ email, emailKey: email.toLowerCase(), emailVerifiedAt: NOW })
    .where(eq(users.id, userId))
}

/** Disables an account until the token with this hash, or a password reset, enables it. */
export async function disableUser (tx: Orm, userId: number, enableTokenHash: string): Promise<void> {
  await tx
    .update(users)
    .set({ disabledAt: sql`coalesce(${users.disabledAt}, now())`, enableTokenHash })
    .where(eq(users.id, userId))
}

/** Enables an account. @param tokenHash only if this is the hash of its token @returns whether it was disabled */
export async function enableUser (orm: Orm, userId: number, tokenHash?: string): Promise<boolean> {
  const rows = await orm
    .update(users)
    .set({ disabledAt: null, enableTokenHash: null })
    .where(
      and(
        eq(users.id, userId),
        isNotNull(users.disabledAt),
        tokenHash === undefined ? undefined : eq(users.enableTokenHash, tokenHash)
      )
    )
    .returning({ id: users.id })
  return rows.length > 0
}

/** Erases all that is personal of a locked account. Its memberships and messages are erased by a job. */
export async function eraseUser (tx: Orm, { id, username }: UserRow): Promise<void> {
  await tx.insert(retiredNames).values({ nameHash: hashOfName(username) }).onConflictDoNothing()
  const plain = `deleted_${String(id)}`
  const clashes = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.usernameKey, plain), ne(users.id, id)))
  const name = clashes.length === 0 ? plain : `${plain}_${hashOfName(username).slice(0, 12)}`
  await tx
    .update(users)
    .set({
      username: name,
      usernameKey: name.toLowerCase(),
      displayName: name,
      // No address, and so nobody else's.
      email: name,
      emailKey: name.toLowerCase(),
      passwordHash: '',
      activatedAt: null,
      emailVerifiedAt: null,
      disabledAt: null,
      enableTokenHash: null,
      deletedAt: NOW
    })
    .where(eq(users.id, id))
  const [application] = await tx
    .delete(applicationUsers)
    .where(eq(applicationUsers.userId, id))
    .returning({ externalId: applicationUsers.externalId })
  if (application !== undefined) await retireId(tx, application.externalId)
  await tx.delete(accountProfiles).where(eq(accountProfiles.userId, id))
  await tx.delete(inviteUses).where(eq(inviteUses.userId, id))
  await tx.delete(verificationCodes).where(eq(verificationCodes.userId, id))
  await tx.delete(twoFactors).where(eq(twoFactors.userId, id))
  await tx.delete(earlierRegistrations).where(eq(earlierRegistrations.userId, id))
  await removeModerationOf(tx, id)
  await forgetAddresses(tx, id)
  await removeUnattachedOf(tx, id)
  await insertErasure(tx, id)
}
