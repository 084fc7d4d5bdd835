/** Queries on the codes that let their bearers register. */
import { and, asc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { invites, inviteUses, users } from './schema.ts'
import { after, NOW } from './sql.ts'

/** A row of `invites`. */
export type InviteRow = typeof invites.$inferSelect
/** A code to add: it lives so long, or for ever. */
export type NewInvite = { code: string, codeKey: string, maxUses: number, ttlMs: number | undefined }

/** Neither revoked nor expired. */
const isAlive = and(isNull(invites.revokedAt), or(isNull(invites.expiresAt), gt(invites.expiresAt, NOW)))

/** Adds a code. @returns undefined when there is one of that key */
export async function insertInvite (orm: Orm, invite: NewInvite): Promise<InviteRow | undefined> {
  const { code, codeKey, maxUses, ttlMs } = invite
  const [row] = await orm
    .insert(invites)
    .values({ code, codeKey, maxUses, expiresAt: ttlMs === undefined ? null : after(ttlMs) })
    .onConflictDoNothing()
    .returning()
  return row
}

/** Returns every code, oldest first, and whether it has expired. */
export async function listInvites (orm: Orm): Promise<(InviteRow & { isExpired: boolean })[]> {
  const rows = await orm
    .select({ invite: invites, isExpired: sql<boolean>`coalesce(${invites.expiresAt} <= now(), false)` })
    .from(invites)
    .orderBy(asc(invites.id))
  return rows.map(({ invite, isExpired }) => ({ ...invite, isExpired }))
}

/** Revokes a code, from the first time on that this was done. @returns whether it exists */
export async function revokeInvite (orm: Orm, codeKey: string): Promise<boolean> {
  const rows = await orm
    .update(invites)
    .set({ revokedAt: sql`coalesce(${invites.revokedAt}, now())` })
    .where(eq(invites.codeKey, codeKey))
    .returning({ id: invites.id })
  return rows.length > 0
}

/**
 * Returns the id of a code that is neither revoked nor expired, and has a use left or was used by the account of a name
 * that is not active yet.
 */
export async function findGoodInvite (
  orm: Orm,
  codeKey: string,
  username: string
): Promise<{ id: number, isUsedByAccount: boolean } | undefined> {
  // Names of its own: in a selection from one table Drizzle leaves out the tables of columns.
  const used = sql<boolean>`exists (select from ${inviteUses} used join ${users} account on account.id = used.user_id
    where used.invite_id = invites.id and account.username_key = ${username.toLowerCase()}
      and account.activated_at is null)`
  const [row] = await orm
    .select({ id: invites.id, isUsedByAccount: used })
    .from(invites)
    .where(and(eq(invites.codeKey, codeKey), isAlive, or(lt(invites.uses, invites.maxUses), used)))
  return row
}

/** Counts a use of a code. @returns false when it has none left, or has been revoked or has expired */
export async function countInviteUse (tx: Orm, id: number): Promise<boolean> {
  // Two registrations at once wait for each other here, and the second one sees the count of the first.
  const rows = await tx
    .update(invites)
    .set({ uses: sql`${invites.uses} + 1` })
    .where(and(eq(invites.id, id), isAlive, lt(invites.uses, invites.maxUses)))
    .returning({ id: invites.id })
  return rows.length > 0
}

/** Has an account remember its code. */
export async function rememberInvite (tx: Orm, userId: number, inviteId: number): Promise<void> {
  await tx.insert(inviteUses).values({ userId, inviteId }).onConflictDoNothing()
}
