/** Queries on new addresses of active accounts, which wait for their codes. */
import { and, eq, gt, lt, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { addressChanges } from './schema.ts'
import { after, NOW } from './sql.ts'

/** A new address that waits for its code. */
export type AddressChange = typeof addressChanges.$inferSelect

/** Sets the one new address of an account, whose code lives so long. */
export async function setAddressChange (
  tx: Orm,
  userId: number,
  { email, codeHash, ttlMs }: { email: string, codeHash: string, ttlMs: number }
): Promise<void> {
  const values = { email, codeHash, expiresAt: after(ttlMs), attempts: 0 }
  await tx
    .insert(addressChanges)
    .values({ userId, ...values })
    .onConflictDoUpdate({ target: addressChanges.userId, set: values })
}

/** Returns the new address of an account, whether or not its code has expired. */
export async function findAddressChange (orm: Orm, userId: number): Promise<AddressChange | undefined> {
  const [row] = await orm.select().from(addressChanges).where(eq(addressChanges.userId, userId))
  return row
}

/**
 * Counts a try against the code of a new address.
 * @returns the change, or undefined when there is none, its code has expired, or `maxAttempts` are used up
 */
export async function countAddressAttempt (
  tx: Orm,
  userId: number,
  maxAttempts: number
): Promise<AddressChange | undefined> {
  const [row] = await tx
    .update(addressChanges)
    .set({ attempts: sql`${addressChanges.attempts} + 1` })
    .where(
      and(
        eq(addressChanges.userId, userId),
        lt(addressChanges.attempts, maxAttempts),
        gt(addressChanges.expiresAt, NOW)
      )
    )
    .returning()
  return row
}

/** Forgets the new address of an account, if it has one. */
export async function removeAddressChange (tx: Orm, userId: number): Promise<void> {
  await tx.delete(addressChanges).where(eq(addressChanges.userId, userId))
}
