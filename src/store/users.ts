/** Queries on accounts, their codes and their reset tokens. */
import { and, eq, getTableColumns, gt, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { resetTokens, users, verificationCodes } from './schema.ts'

/** A row of `users`. */
export type UserRow = typeof users.$inferSelect
/** What a new account needs. */
export type NewUser = Pick<UserRow, 'username' | 'displayName' | 'email' | 'passwordHash' | 'activatedAt'>

const keyOf = (text: string) => text.toLowerCase()

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
 * @returns undefined when another account, in any state, has the username
 * @throws a unique violation when another account has the address
 */
export async function insertUser (orm: Orm, user: NewUser): Promise<UserRow | undefined> {
  const [row] = await orm
    .insert(users)
    .values({ ...user, usernameKey: keyOf(user.username), emailKey: keyOf(user.email) })
    .onConflictDoNothing({ target: users.usernameKey })
    .returning()
  return row
}

/**
 * Inserts an account, or replaces a pending one of the same username.
 * @returns undefined when an active account has the username
 * @throws a unique violation when another account has the address
 */
export async function upsertPendingUser (orm: Orm, user: NewUser): Promise<UserRow | undefined> {
  const values = { ...user, usernameKey: keyOf(user.username), emailKey: keyOf(user.email) }
  const [row] = await orm
    .insert(users)
    .values(values)
    .onConflictDoUpdate({ target: users.usernameKey, set: values, setWhere: isNull(users.activatedAt) })
    .returning()
  return row
}

/**
 * Frees an address that is held by a registration whose code or link has expired unused, so that an address cannot be
 * blocked by registering it.
 * @param exceptName a registration of that username stays
 */
export async function removeLapsedRegistration (orm: Orm, email: string, exceptName: string, now: Date): Promise<void> {
  const lapsed = orm
    .select({ userId: verificationCodes.userId })
    .from(verificationCodes)
    .where(lte(verificationCodes.expiresAt, now))
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
export async function activateUser (orm: Orm, userId: number, now: Date): Promise<void> {
  await orm
    .update(users)
    .set({ activatedAt: sql`coalesce(${users.activatedAt}, ${now.toISOString()}::timestamptz)`, emailVerifiedAt: now })
    .where(eq(users.id, userId))
}

/** Suspends an account from a point in time, or resumes it (null). It waits for transactions that hold the account. */
export async function setSuspended (orm: Orm, userId: number, since: Date | null): Promise<void> {
  await orm.update(users).set({ suspendedAt: since }).where(eq(users.id, userId))
}

/** Keeps the password of an account, and whether it is suspended, as they are until the transaction ends. */
export async function lockCredentials (
  tx: Orm,
  userId: number
): Promise<Pick<UserRow, 'passwordHash' | 'suspendedAt'> | undefined> {
  const [row] = await tx
    .select({ passwordHash: users.passwordHash, suspendedAt: users.suspendedAt })
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

/** Sets the one pending code of an account. */
export async function setVerificationCode (orm: Orm, userId: number, codeHash: string, expiresAt: Date): Promise<void> {
  const values = { codeHash, expiresAt, attempts: 0 }
  await orm
    .insert(verificationCodes)
    .values({ userId, ...values })
    .onConflictDoUpdate({ target: verificationCodes.userId, set: values })
}

/**
 * Counts a try against the pending code of an account.
 * @returns the hash to compare with, or undefined when there is none, it has expired, or `maxAttempts` are used up
 */
export async function countVerificationAttempt (
  orm: Orm,
  userId: number,
  maxAttempts: number,
  now: Date
): Promise<string | undefined> {
  const [row] = await orm
    .update(verificationCodes)
    .set({ attempts: sql`${verificationCodes.attempts} + 1` })
    .where(
      and(
        eq(verificationCodes.userId, userId),
        lt(verificationCodes.attempts, maxAttempts),
        gt(verificationCodes.expiresAt, now)
      )
    )
    .returning({ codeHash: verificationCodes.codeHash })
  return row?.codeHash
}

/**
 * Uses up a verification link.
 * @returns the account whose address it verifies, for exactly one of several concurrent calls; undefined otherwise, or
 * when the link has expired
 */
export async function consumeVerificationLink (orm: Orm, tokenHash: string, now: Date): Promise<number | undefined> {
  const [row] = await orm
    .delete(verificationCodes)
    .where(and(eq(verificationCodes.codeHash, tokenHash), gt(verificationCodes.expiresAt, now)))
    .returning({ userId: verificationCodes.userId })
  return row?.userId
}

/** Uses up a code. @returns true for exactly one of several concurrent calls */
export async function consumeVerificationCode (orm: Orm, userId: number, codeHash: string): Promise<boolean> {
  const rows = await orm
    .delete(verificationCodes)
    .where(and(eq(verificationCodes.userId, userId), eq(verificationCodes.codeHash, codeHash)))
    .returning({ userId: verificationCodes.userId })
  return rows.length > 0
}

/** Sets the one pending reset token of an account; an older one becomes invalid. */
export async function setResetToken (orm: Orm, userId: number, tokenHash: string, expiresAt: Date): Promise<void> {
  await orm
    .insert(resetTokens)
    .values({ userId, tokenHash, expiresAt })
    .onConflictDoUpdate({ target: resetTokens.userId, set: { tokenHash, expiresAt } })
}

/** Uses up a reset token. @returns true for exactly one of several concurrent calls */
export async function consumeResetToken (orm: Orm, userId: number, tokenHash: string, now: Date): Promise<boolean> {
  const rows = await orm
    .delete(resetTokens)
    .where(and(eq(resetTokens.userId, userId), eq(resetTokens.tokenHash, tokenHash), gt(resetTokens.expiresAt, now)))
    .returning({ userId: resetTokens.userId })
  return rows.length > 0
}

/** Deletes the pending reset token of an account, if it has one. */
export async function removeResetToken (orm: Orm, userId: number): Promise<void> {
  await orm.delete(resetTokens).where(eq(resetTokens.userId, userId))
}

/** Returns the account with that pending reset token, without using it up; undefined when the token has expired. */
export async function findUserByResetToken (orm: Orm, tokenHash: string, now: Date): Promise<UserRow | undefined> {
  const [row] = await orm
    .select(getTableColumns(users))
    .from(resetTokens)
    .innerJoin(users, eq(users.id, resetTokens.userId))
    .where(and(eq(resetTokens.tokenHash, tokenHash), gt(resetTokens.expiresAt, now)))
  return row
}
