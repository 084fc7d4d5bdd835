/** Queries on the links that set a new password. */
import { and, eq, getTableColumns, gt } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { resetTokens, users } from './schema.ts'
import { after, NOW } from './sql.ts'
import type { UserRow } from './users.ts'

/** Sets the one pending reset token of an account, which lives so long; an older one becomes invalid. */
export async function setResetToken (orm: Orm, userId: number, tokenHash: string, ttlMs: number): Promise<void> {
  const values = { tokenHash, expiresAt: after(ttlMs) }
  await orm
    .insert(resetTokens)
    .values({ userId, ...values })
    .onConflictDoUpdate({ target: resetTokens.userId, set: values })
}

/** Uses up a reset token. @returns true for exactly one of several concurrent calls */
export async function consumeResetToken (orm: Orm, userId: number, tokenHash: string): Promise<boolean> {
  const rows = await orm
    .delete(resetTokens)
    .where(and(eq(resetTokens.userId, userId), eq(resetTokens.tokenHash, tokenHash), gt(resetTokens.expiresAt, NOW)))
    .returning({ userId: resetTokens.userId })
  return rows.length > 0
}

/** Deletes the pending reset token of an account, if it has one. */
export async function removeResetToken (orm: Orm, userId: number): Promise<void> {
  await orm.delete(resetTokens).where(eq(resetTokens.userId, userId))
}

/** Returns the account with that pending reset token, without using it up; undefined when the token has expired. */
export async function findUserByResetToken (orm: Orm, tokenHash: string): Promise<UserRow | undefined> {
  const [row] = await orm
    .select(getTableColumns(users))
    .from(resetTokens)
    .innerJoin(users, eq(users.id, resetTokens.userId))
    .where(and(eq(resetTokens.tokenHash, tokenHash), gt(resetTokens.expiresAt, NOW)))
  return row
}
