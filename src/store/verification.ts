/** Queries on the codes and links that verify the address of an account. */
import { and, eq, gt, lt, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { verificationCodes } from './schema.ts'
import { after, NOW } from './sql.ts'

/** The pending code or link of an account. */
export type PendingCode = Pick<
  typeof verificationCodes.$inferSelect,
  'codeHash' | 'attempts' | 'expiresAt' | 'networkKey'
>

/** Sets the one pending code or link of an account, which lives so long. */
export async function setVerificationCode (
  orm: Orm,
  userId: number,
  { codeHash, networkKey, ttlMs }: { codeHash: string, networkKey: string | null, ttlMs: number }
): Promise<void> {
  const values = { codeHash, networkKey, expiresAt: after(ttlMs), attempts: 0 }
  await orm
    .insert(verificationCodes)
    .values({ userId, ...values })
    .onConflictDoUpdate({ target: verificationCodes.userId, set: values })
}

/** Returns the pending code or link of an account, whether or not it has expired. */
export async function findVerificationCode (orm: Orm, userId: number): Promise<PendingCode | undefined> {
  const { codeHash, attempts, expiresAt, networkKey } = verificationCodes
  const [row] = await orm
    .select({ codeHash, attempts, expiresAt, networkKey })
    .from(verificationCodes)
    .where(eq(verificationCodes.userId, userId))
  return row
}

/**
 * Counts a try against the pending code of an account.
 * @returns the code, or undefined when there is none, it has expired, or `maxAttempts` are used up
 */
export async function countVerificationAttempt (
  orm: Orm,
  userId: number,
  maxAttempts: number
): Promise<PendingCode | undefined> {
  const [row] = await orm
    .update(verificationCodes)
    .set({ attempts: sql`${verificationCodes.attempts} + 1` })
    .where(
      and(
        eq(verificationCodes.userId, userId),
        lt(verificationCodes.attempts, maxAttempts),
        gt(verificationCodes.expiresAt, NOW)
      )
    )
    .returning()
  return row
}

/** Returns the account whose address a link verifies; undefined when the link was used up or has expired. */
export async function findUserIdOfLink (orm: Orm, tokenHash: string): Promise<number | undefined> {
  const [row] = await orm
    .select({ userId: verificationCodes.userId })
    .from(verificationCodes)
    .where(and(eq(verificationCodes.codeHash, tokenHash), gt(verificationCodes.expiresAt, NOW)))
  return row?.userId
}

/** Deletes the pending code or link of an account, if it has one. */
export async function removeVerificationCode (orm: Orm, userId: number): Promise<void> {
  await orm.delete(verificationCodes).where(eq(verificationCodes.userId, userId))
}

/** Uses up a code or a link. @returns true for exactly one of several concurrent calls */
export async function consumeVerificationCode (orm: Orm, userId: number, codeHash: string): Promise<boolean> {
  const rows = await orm
    .delete(verificationCodes)
    .where(and(eq(verificationCodes.userId, userId), eq(verificationCodes.codeHash, codeHash)))
    .returning({ userId: verificationCodes.userId })
  return rows.length > 0
}
