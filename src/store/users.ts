/** Queries on accounts. */
import { and, asc, eq, inArray, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isNameRetired } from './owner-changes.ts'
import { users, verificationCodes } from './schema.ts'
import { NOW } from './sql.ts'

/** A row of `users`. */
export type UserRow = typeof users.$inferSelect
/** What people register with. */
export type Registration = Pick<UserRow, 'username' | 'displayName' | 'email' | 'passwordHash'>
/** What a new account needs. */
export type NewUser = Registration & {
  /** Whether it may be used at once. */
  isActive: boolean
}

const keyOf = (text: string) => text.toLowerCase()

/** The columns of a new account. */
function rowOf ({ isActive, ...user }: NewUser) {
  return {
    ...user,
    usernameKey: keyOf(user.username),
    emailKey: keyOf(user.email),
    activatedAt: isActive ? NOW : null
  }
}

/** Returns the account with that username, in any state. Names are compared regardless of case. */
export async function findUserByName (orm: Orm, username: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select()
    .from(users)
    .where(eq(users.usernameKey, keyOf(username)))
  return row
}

/** Returns the account with that username, if it is active. */
export async function findActiveUserByName (orm: Orm, username: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select()
    .from(users)
    .where(and(eq(users.usernameKey, keyOf(username)), isNotNull(users.activatedAt)))
  return row
}

/** Returns the active accounts with these names, which are in lower case, in the order of their ids. */
export async function findActiveUsersByNames (
  orm: Orm,
  keys: readonly string[]
): Promise<Pick<UserRow, 'id' | 'username' | 'usernameKey' | 'disabledAt'>[]> {
  if (keys.length === 0) return []
  return orm
    .select({ id: users.id, username: users.username, usernameKey: users.usernameKey, disabledAt: users.disabledAt })
    .from(users)
    .where(and(inArray(users.usernameKey, [...keys]), isNotNull(users.activatedAt)))
    .orderBy(asc(users.id))
}

/** Returns the account with that address, in any state. Addresses are compared regardless of case. */
export async function findUserByEmail (orm: Orm, email: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select()
    .from(users)
    .where(eq(users.emailKey, keyOf(email)))
  return row
}

/** Returns the account with that id. */
export async function findUserById (orm: Orm, userId: number): Promise<UserRow | undefined> {
  const [row] = await orm.select().from(users).where(eq(users.id, userId))
  return row
}

/**
 * Inserts an account.
 * @returns undefined when another account, in any state, has the username, or a deleted one had it
 * @throws a unique violation when another account has the address
 */
export async function insertUser (orm: Orm, user: NewUser): Promise<UserRow | undefined> {
  if (await isNameRetired(orm, user.username)) return undefined
  const [row] = await orm
    .insert(users)
    .values(rowOf(user))
    .onConflictDoNothing({ target: users.usernameKey })
    .returning()
  return row
}

/**
 * Locks the account until the transaction ends. Transactions lock accounts first and in the order of their ids, then
 * what belongs to them, so that none waits for another in a circle.
 */
export async function lockUser (tx: Orm, userId: number): Promise<UserRow | undefined> {
  const [row] = await tx.select().from(users).where(eq(users.id, userId)).for('update')
  return row
}

/** Locks the accounts that have a username or an address, in the order of {@link lockUser}. */
export async function lockNames (tx: Orm, { username, email }: { username: string, email: string }): Promise<void> {
  await tx
    .select({ id: users.id })
    .from(users)
    .where(or(eq(users.usernameKey, keyOf(username)), eq(users.emailKey, keyOf(email))))
    .orderBy(asc(users.id))
    .for('update')
}

/** Locks and returns the account with that username, unless it is active or deleted. */
export async function lockPendingUser (tx: Orm, username: string): Promise<UserRow | undefined> {
  const [row] = await tx
    .select()
    .from(users)
    .where(and(eq(users.usernameKey, keyOf(username)), isNull(users.activatedAt), isNull(users.deletedAt)))
    .for('update')
  return row
}

/**
 * Replaces the registration of an account that is not active.
 * @throws a unique violation when another account has the address
 */
export async function replaceRegistration (tx: Orm, userId: number, user: Registration): Promise<void> {
  const { username, displayName, email, passwordHash } = user
  await tx
    .update(users)
    .set(rowOf({ username, displayName, email, passwordHash, isActive: false }))
    .where(and(eq(users.id, userId), isNull(users.activatedAt)))
}

/**
 * Frees an address that is held by a registration whose code or link has expired unused, so that an address cannot be
 * blocked by registering it.
 * @param exceptName a registration of that username stays
 */
export async function removeLapsedRegistration (orm: Orm, email: string, exceptName: string): Promise<void> {
  const lapsed = orm
    .select({ userId: verificationCodes.userId })
    .from(verificationCodes)
    .where(lte(verificationCodes.expiresAt, NOW))
  await orm
    .delete(users)
    .where(
      and(
        eq(users.emailKey, keyOf(email)),
        isNull(users.activatedAt),
        sql`${users.usernameKey} <> ${keyOf(exceptName)}`,
        sql`${users.id} in ${lapsed}`
      )
    )
}

/** Marks the address as verified and the account as active; see {@link numberAccounts}. */
export async function activateUser (orm: Orm, userId: number): Promise<void> {
  await orm
    .update(users)
    .set({ activatedAt: sql`coalesce(${users.activatedAt}, now())`, emailVerifiedAt: NOW })
    .where(eq(users.id, userId))
}

/**
 * Suspends an account, from the first time on that this was done, or resumes it. It waits for transactions that hold
 * the account.
 */
export async function setSuspended (orm: Orm, userId: number, isSuspended: boolean): Promise<void> {
  const suspendedAt = isSuspended ? sql`coalesce(${users.suspendedAt}, now())` : null
  await orm.update(users).set({ suspendedAt }).where(eq(users.id, userId))
}

/** Keeps the password of an account, and whether it may be used, as they are until the transaction ends. */
export async function lockCredentials (
  tx: Orm,
  userId: number
): Promise<Pick<UserRow, 'passwordHash' | 'suspendedAt' | 'disabledAt'> | undefined> {
  const [row] = await tx
    .select({ passwordHash: users.passwordHash, suspendedAt: users.suspendedAt, disabledAt: users.disabledAt })
    .from(users)
    .where(eq(users.id, userId))
    .for('share')
  return row
}

/** Replaces the password of an account. */
export async function setPasswordHash (orm: Orm, userId: number, passwordHash: string): Promise<void> {
  await orm.update(users).set({ passwordHash }).where(eq(users.id, userId))
}

/** Replaces the hash of an unchanged password, unless the password was changed in the meantime. */
export async function replacePasswordHash (orm: Orm, userId: number, oldHash: string, newHash: string): Promise<void> {
  await orm
    .update(users)
    .set({ passwordHash: newHash })
    .where(and(eq(users.id, userId), eq(users.passwordHash, oldHash)))
}
