/** Queries on the second factors of accounts. */
import { and, arrayContains, eq, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { twoFactors } from './schema.ts'
import { NOW } from './sql.ts'

/** A second factor. `nowMs` is the time of the database: codes depend on it, and replicas need not agree on theirs. */
export type TwoFactorRow = typeof twoFactors.$inferSelect & { nowMs: number }

const inForce = (userId: number) => and(eq(twoFactors.userId, userId), isNotNull(twoFactors.confirmedAt))

/** Returns the second factor of an account, which may not be in force yet. */
export async function findTwoFactor (orm: Orm, userId: number): Promise<TwoFactorRow | undefined> {
  const nowMs = sql`floor(extract(epoch from clock_timestamp()) * 1000)::float8`.mapWith(Number)
  const [row] = await orm.select({ row: twoFactors, nowMs }).from(twoFactors).where(eq(twoFactors.userId, userId))
  return row && { ...row.row, nowMs: row.nowMs }
}

/** Stores a secret that waits to be confirmed, instead of another such one. @returns false when one is in force */
export async function replaceUnconfirmed (orm: Orm, userId: number, secret: string): Promise<boolean> {
  const rows = await orm
    .insert(twoFactors)
    .values({ userId, secret })
    .onConflictDoUpdate({ target: twoFactors.userId, set: { secret }, setWhere: isNull(twoFactors.confirmedAt) })
    .returning({ userId: twoFactors.userId })
  return rows.length > 0
}

/** Puts a secret in force. @returns false when it was replaced or confirmed in the meantime */
export async function confirmTwoFactor (
  orm: Orm,
  userId: number,
  { secret, step, recoveryHashes }: { secret: string, step: number, recoveryHashes: string[] }
): Promise<boolean> {
  const rows = await orm
    .update(twoFactors)
    .set({ confirmedAt: NOW, lastStep: step, recoveryHashes })
    .where(and(eq(twoFactors.userId, userId), eq(twoFactors.secret, secret), isNull(twoFactors.confirmedAt)))
    .returning({ userId: twoFactors.userId })
  return rows.length > 0
}

/** Uses up the code of a time step, and those before it. @returns true for exactly one of several concurrent calls */
export async function spendStep (
  orm: Orm, userId: number, { step, secret }: { step: number, secret: string }
): Promise<boolean> {
  const rows = await orm
    .update(twoFactors)
    .set({ lastStep: step, secret })
    .where(and(inForce(userId), or(isNull(twoFactors.lastStep), lt(twoFactors.lastStep, step))))
    .returning({ userId: twoFactors.userId })
  return rows.length > 0
}

/** Uses up a recovery code. @returns true for exactly one of several concurrent calls */
export async function spendRecoveryCode (orm: Orm, userId: number, hash: string): Promise<boolean> {
  const rows = await orm
    .update(twoFactors)
    .set({ recoveryHashes: sql`array_remove(${twoFactors.recoveryHashes}, ${hash})` })
    .where(and(inForce(userId), arrayContains(twoFactors.recoveryHashes, [hash])))
    .returning({ userId: twoFactors.userId })
  return rows.length > 0
}

/** Puts other recovery codes in the place of those that are there. */
export async function replaceRecoveryCodes (orm: Orm, userId: number, recoveryHashes: string[]): Promise<void> {
  await orm.update(twoFactors).set({ recoveryHashes }).where(inForce(userId))
}

/** Deletes the second factor of an account. @returns whether it was in force */
export async function removeTwoFactor (orm: Orm, userId: number): Promise<boolean> {
  const rows = await orm
    .delete(twoFactors)
    .where(eq(twoFactors.userId, userId))
    .returning({ confirmedAt: twoFactors.confirmedAt })
  return rows.some(({ confirmedAt }) => confirmedAt !== null)
}
