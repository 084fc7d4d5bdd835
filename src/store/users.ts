/** Queries on accounts, their codes and their reset tokens. */
import { and, eq, getTableColumns, gt, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { resetTokens, users, verificationCodes } from './schema.ts'

/** A row of `users`. */
export type UserRow = typeof users.$inferSelect
/** What a new account needs. */
export type NewUser = Pick<UserRow, 'username' | 'displayName' | 'email' | 'passwordHash' | 'activatedAt'>

const keyOf = (text: string) => text.toLowerCase()

/** The account of that name, in any state. Names compare without regard to case. */
export async function findUserByName (orm: Orm, username: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select()
    .from(users)
    .where(eq(users.usernameKey, keyOf(username)))
  return row
}

/** The account of that name, if it is past its registration. */
export async function findActiveUserByName (orm: Orm, username: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select()
    .from(users)
    .where(and(eq(users.usernameKey, keyOf(username)), isNotNull(users.activatedAt)))
  return row
}

/** The account of that address, in any state. Addresses compare without regard to case. */
export async function findUserByEmail (orm: Orm, email: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select()
    .from(users)
    .where(eq(users.emailKey, keyOf(email)))
  return row
}

/** The account of that id. */
export async function findUserById (orm: Orm, userId: number): Promise<UserRow | undefined> {
  const [row] = await orm.select().from(users).where(eq(users.id, userId))
  return row
}

/**
 * Adds an account.
 * @returns undefined when another account, in any state, has the name
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
 * Adds an account, or replaces a pending one of the same name.
 * @returns undefined when an active account has the name
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
 * Frees an address that is held by a registration whose code or link has lapsed unused, so that nobody can squat on it.
 * @param exceptName a registration of that name stays
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

/** Marks the address as proved and the account as active; see {@link numberAccounts}. */
export async function activateUser (orm: Orm, userId: number, now: Date): Promise<void> {
  await orm
    .update(users)
    .set({ activatedAt: sql`coalesce(${users.activatedAt}, ${now.toISOString()}::timestamptz)`, emailVerifiedAt: now })
    .where(eq(users.id, userId))
}

/** Suspends an account from a moment on, or lets it in again (null). It waits for whoever holds the account. */
export async function setSuspended (orm: Orm, userId: number, since: Date | null): Promise<void> {
  await orm.update(users).set({ suspendedAt: since }).where(eq(users.id, userId))
}

/** Keeps an account from being suspended until the transaction ends. @returns whether it is not yet */
export async function lockUnlessSuspended (tx: Orm, userId: number): Promise<boolean> {
  const [row] = await tx.select({ suspendedAt: users.suspendedAt }).from(users).where(eq(users.id, userId)).for('share')
  return row?.suspendedAt === null
}

/** Replaces the password of an account. */
export async function setPasswordHash (orm: Orm, userId: number, passwordHash: string): Promise<void> {
  await orm.update(users).set({ passwordHash }).where(eq(users.id, userId))
}

/** Replaces the hash of a password that stays the same, unless it was replaced meanwhile. */
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
 * @returns the hash to compare with, or undefined when there is none, it has lapsed, or `maxAttempts` are used up
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
 * Uses up the link that a hash is of.
 * @returns the account that it proves the address of, once: of several at once only one gets it; undefined when it has
 * lapsed
 */
export async function consumeVerificationLink (orm: Orm, tokenHash: string, now: Date): Promise<number | undefined> {
  const [row] = await orm
    .delete(verificationCodes)
    .where(and(eq(verificationCodes.codeHash, tokenHash), gt(verificationCodes.expiresAt, now)))
    .returning({ userId: verificationCodes.userId })
  return row?.userId
}

/** Uses up a code. @returns whether this call did: of several at once only one gets `true` */
export async function consumeVerificationCode (orm: Orm, userId: number, codeHash: string): Promise<boolean> {
  const rows = await orm
    .delete(verificationCodes)
    .where(and(eq(verificationCodes.userId, userId), eq(verificationCodes.codeHash, codeHash)))
    .returning({ userId: verificationCodes.userId })
  return rows.length > 0
}

/** Sets the one pending reset token of an account; an older one dies. */
export async function setResetToken (orm: Orm, userId: number, tokenHash: string, expiresAt: Date): Promise<void> {
  await orm
    .insert(resetTokens)
    .values({ userId, tokenHash, expiresAt })
    .onConflictDoUpdate({ target: resetTokens.userId, set: { tokenHash, expiresAt } })
}

/** Uses up a reset token. @returns whether this call did: of several at once only one gets `true` */
export async function consumeResetToken (orm: Orm, userId: number, tokenHash: string, now: Date): Promise<boolean> {
  const rows = await orm
    .delete(resetTokens)
    .where(and(eq(resetTokens.userId, userId), eq(resetTokens.tokenHash, tokenHash), gt(resetTokens.expiresAt, now)))
    .returning({ userId: resetTokens.userId })
  return rows.length > 0
}

/** Forgets the pending reset token of an account, if it has one. */
export async function removeResetToken (orm: Orm, userId: number): Promise<void> {
  await orm.delete(resetTokens).where(eq(resetTokens.userId, userId))
}

/** The account whose pending reset token has that hash, without using it up; undefined when it has lapsed. */
export async function findUserByResetToken (orm: Orm, tokenHash: string, now: Date): Promise<UserRow | undefined> {
  const [row] = await orm
    .select(getTableColumns(users))
    .from(resetTokens)
    .innerJoin(users, eq(users.id, resetTokens.userId))
    .where(and(eq(resetTokens.tokenHash, tokenHash), gt(resetTokens.expiresAt, now)))
  return row
}
