/**
 * Queries on registrations of an unverified name that a later one, from another network, has not replaced. The newest
 * registration of a name is its row in `users`, with the code in `verification_codes`.
 */
import { and, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { earlierRegistrations } from './schema.ts'
import { after, NOW } from './sql.ts'
import type { UserRow } from './users.ts'
import type { PendingCode } from './verification.ts'

/** An earlier registration. */
export type EarlierRegistration = typeof earlierRegistrations.$inferSelect

/** Keeps a registration that is about to be replaced, with its code. */
export async function keepRegistration (tx: Orm, user: UserRow, code: PendingCode): Promise<void> {
  const { id: userId, username, displayName, email, passwordHash } = user
  await tx.insert(earlierRegistrations).values({ ...code, userId, username, displayName, email, passwordHash })
}

/** Returns the earlier registrations of an account, newest first. */
export async function listEarlier (orm: Orm, userId: number): Promise<EarlierRegistration[]> {
  return orm
    .select()
    .from(earlierRegistrations)
    .where(eq(earlierRegistrations.userId, userId))
    .orderBy(desc(earlierRegistrations.id))
}

/** Returns the earlier registration that a link proves; undefined when it was used up or has expired. */
export async function findEarlierOfLink (orm: Orm, tokenHash: string): Promise<EarlierRegistration | undefined> {
  const [row] = await orm
    .select()
    .from(earlierRegistrations)
    .where(and(eq(earlierRegistrations.codeHash, tokenHash), gt(earlierRegistrations.expiresAt, NOW)))
  return row
}

/**
 * Counts a try against the codes of all earlier registrations of an account.
 * @returns those whose codes have neither expired nor been tried `maxAttempts` times before
 */
export async function countEarlierAttempts (
  orm: Orm,
  userId: number,
  maxAttempts: number
): Promise<EarlierRegistration[]> {
  return orm
    .update(earlierRegistrations)
    .set({ attempts: sql`${earlierRegistrations.attempts} + 1` })
    .where(
      and(
        eq(earlierRegistrations.userId, userId),
        lt(earlierRegistrations.attempts, maxAttempts),
        gt(earlierRegistrations.expiresAt, NOW)
      )
    )
    .returning()
}

/** Replaces the code of an earlier registration by one that lives so long. */
export async function renewEarlierCode (
  tx: Orm,
  id: number,
  { codeHash, networkKey, ttlMs }: { codeHash: string, networkKey: string | null, ttlMs: number }
): Promise<void> {
  await tx
    .update(earlierRegistrations)
    .set({ codeHash, networkKey, attempts: 0, expiresAt: after(ttlMs) })
    .where(eq(earlierRegistrations.id, id))
}

/** Deletes some earlier registrations. */
export async function removeEarlier (orm: Orm, ids: number[]): Promise<void> {
  if (ids.length > 0) await orm.delete(earlierRegistrations).where(inArray(earlierRegistrations.id, ids))
}

/** Deletes every earlier registration of an account: another one was verified. */
export async function removeEarlierOf (orm: Orm, userId: number): Promise<void> {
  await orm.delete(earlierRegistrations).where(eq(earlierRegistrations.userId, userId))
}
