/** Queries on bans: who may not come to a chat. */
import { and, asc, eq, gt, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { PageOf } from './chat-views.ts'
import type { Orm } from './database.ts'
import { chatBans, users } from './schema.ts'
import { inList, NOW } from './sql.ts'

/** A ban. `by` is null when a key did it by itself, or the one who did is erased. */
export type BanRow = {
  id: number
  userId: number
  username: string
  by: { userId: number, username: string } | null
  keyId: string | null
  reason: string
  createdAt: Date
  until: Date | null
}

/** A ban to make. */
export type NewBan = {
  chatId: number
  userId: number
  bannedBy: number | null
  keyId: string | null
  reason: string
  until: Date | null
}

const bannedBy = alias(users, 'banned_by')
/** Of a row: whether it has not ended. */
export const holds = (): SQL | undefined => or(isNull(chatBans.until), gt(chatBans.until, NOW))

/** Those of these users who are banned from a chat. */
export async function findBanned (
  tx: Orm, chatId: number, userIds: readonly number[]
): Promise<ReadonlySet<number>> {
  if (userIds.length === 0) return new Set()
  const rows = await tx.select({ userId: chatBans.userId }).from(chatBans)
    .where(and(eq(chatBans.chatId, chatId), inList(chatBans.userId, `{${userIds.join()}}`, 'bigint'), holds()))
  return new Set(rows.map(({ userId }) => userId))
}

/** Bans a user from a locked chat, or replaces what is said of that. @returns whether it is new */
export async function putBan (tx: Orm, ban: NewBan): Promise<boolean> {
  const { chatId, userId, ...said } = ban
  const isBanned = (await findBanned(tx, chatId, [userId])).has(userId)
  await tx.insert(chatBans).values(ban).onConflictDoUpdate({
    target: [chatBans.chatId, chatBans.userId],
    // One that has ended begins anew.
    set: isBanned ? said : { ...said, createdAt: NOW, id: sql`excluded.id` }
  })
  return !isBanned
}

/** Ends a ban. @returns whether there was one */
export async function deleteBan (tx: Orm, chatId: number, userId: number): Promise<boolean> {
  const rows = await tx.delete(chatBans)
    .where(and(eq(chatBans.chatId, chatId), eq(chatBans.userId, userId), holds()))
    .returning({ id: chatBans.id })
  return rows.length > 0
}

/** A ban that holds. */
export async function findBan (orm: Orm, chatId: number, userId: number): Promise<BanRow | undefined> {
  const [row] = await selectBans(orm).where(and(eq(chatBans.chatId, chatId), eq(chatBans.userId, userId), holds()))
  return row
}

/** So many of the bans of a chat that hold and one more, in the order in which they were made. */
export async function listBans (orm: Orm, chatId: number, { limit, from }: PageOf<number>): Promise<BanRow[]> {
  const isBackward = from?.isBackward === true
  return selectBans(orm)
    .where(and(
      eq(chatBans.chatId, chatId), holds(), from && (isBackward ? lt : gt)(chatBans.id, from.position)
    ))
    .orderBy(isBackward ? sql`${chatBans.id} desc` : asc(chatBans.id))
    .limit(limit + 1)
}

function selectBans (orm: Orm) {
  return orm
    .select({
      id: chatBans.id,
      userId: chatBans.userId,
      username: users.username,
      by: { userId: bannedBy.id, username: bannedBy.username },
      keyId: chatBans.keyId,
      reason: chatBans.reason,
      createdAt: chatBans.createdAt,
      until: chatBans.until
    })
    .from(chatBans)
    .innerJoin(users, eq(users.id, chatBans.userId))
    .leftJoin(bannedBy, eq(bannedBy.id, chatBans.bannedBy))
}

/** Deletes bans that have ended. */
export async function removeEndedBans (orm: Orm): Promise<void> {
  await orm.delete(chatBans).where(lte(chatBans.until, NOW))
}
