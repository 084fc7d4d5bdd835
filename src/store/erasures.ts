/** Queries that remove what deleted accounts have left in chats, a bounded part at a time. */
import { and, asc, eq, inArray, isNull, lte, max, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { lockChat } from './chats.ts'
import { lockNumbering } from './directory.ts'
import { insertJob } from './jobs.ts'
import { hasTracesOf, removeReactionsOf, removeTracesOf } from './message-parts.ts'
import { chatHeads, chats, erasures, messages, participants, users } from './schema.ts'
import { NOW } from './sql.ts'

/** The kind of the jobs. */
export const ERASURE_KIND = 'erasure'

/** A deleted account whose chats up to `chatId` are done. */
export type Erasure = { userId: number, chatId: number }
/** A chat that the account was in, has written to, or has added something to the messages of. */
export type ErasedChat = { chatId: number, isPair: boolean, hasMessages: boolean, hasMarks: boolean }

/** Has what a deleted account has left in chats be erased. */
export async function insertErasure (tx: Orm, userId: number): Promise<void> {
  const unique = { key: String(userId), update: {} }
  await insertJob(tx, { kind: ERASURE_KIND, payload: { user: userId }, unique })
}

/** Has what erased accounts have left in a chat be erased that has appeared after their erasure. */
export async function eraseAgain (tx: Orm, chatId: number, userIds: readonly number[]): Promise<void> {
  for (const user of userIds) {
    const unique = { key: `${String(user)} from ${String(chatId)}`, update: {} }
    await insertJob(tx, { kind: ERASURE_KIND, payload: { user, chat: chatId - 1 }, unique })
  }
}

/** Makes jobs of the erasures that replicas of earlier builds have left in their own table. */
export async function adoptErasures (orm: Orm): Promise<void> {
  const left = orm.select({ userId: erasures.userId }).from(erasures).where(lte(erasures.dueAt, NOW))
    .for('update', { skipLocked: true })
  await orm.transaction(async (tx) => {
    const taken = await tx.delete(erasures).where(sql`${erasures.userId} in ${left}`).returning()
    for (const { userId } of taken) await insertErasure(tx, userId)
  })
}

/** The chats that a user is a member of. */
export async function listMemberships (orm: Orm, userId: number): Promise<number[]> {
  const rows = await orm.select({ chatId: participants.chatId }).from(participants)
    .where(eq(participants.userId, userId)).orderBy(asc(participants.chatId))
  return rows.map(({ chatId }) => chatId)
}

/**
 * Looks for traces of a user in the next chats after a position. There is no index of messages by author: it would cost
 * every post more than this search costs the few that delete their account.
 * @returns those with traces, and the last one that was looked at; undefined after the last chat
 */
export async function findTraces (
  orm: Orm,
  { userId, chatId }: Erasure,
  limit: number
): Promise<{ found: ErasedChat[], lastId: number } | undefined> {
  const batch = orm.$with('batch').as(
    orm.select({ id: chats.id, userLow: chats.userLow, userHigh: chats.userHigh }).from(chats)
      .where(sql`${chats.id} > ${chatId}`).orderBy(asc(chats.id)).limit(limit)
  )
  const rows = await orm
    .with(batch)
    .select({
      chatId: batch.id,
      isPair: sql<boolean>`${userId} in (batch.user_low, batch.user_high)`,
      // Names of its own: in a selection from one table Drizzle leaves out the tables of columns.
      hasMessages: sql<boolean>`exists (select from ${messages} m where m.chat_id = batch.id and m.author_id = ${userId}
        and m.deleted_at is null)`,
      hasMarks: hasTracesOf(sql`batch.id`, userId)
    })
    .from(batch)
    .orderBy(asc(batch.id))
  const last = rows.at(-1)
  const found = rows.filter(({ isPair, hasMessages, hasMarks }) => isPair || hasMessages || hasMarks)
  return last && { found, lastId: last.chatId }
}

/**
 * Erases some messages of a user in a chat, with everything that belongs to them. @returns their number; 0 when none
 * are left
 */
export async function eraseMessages (orm: Orm, chatId: number, userId: number, limit: number): Promise<number> {
  const own = and(eq(messages.chatId, chatId), eq(messages.authorId, userId), isNull(messages.deletedAt))
  const next = sql`(select * from ${messages} where ${own} order by ${messages.seq} limit ${limit}) next`
  return orm.transaction(async (tx) => {
    await lockChat(tx, chatId)
    const rows = await tx.select({ seq: sql`(erase_message(next::messages, now())).seq` }).from(next)
    return rows.length
  })
}

/**
 * Removes what a user has added to the messages of others in a chat: reactions, replies to follow, and what mentions
 * them.
 */
export async function eraseMarks (orm: Orm, chatId: number, userId: number): Promise<void> {
  await orm.transaction(async (tx) => {
    await lockChat(tx, chatId)
    await removeReactionsOf(tx, chatId, userId)
    await removeTracesOf(tx, chatId, userId)
  })
}

/** Has nothing be posted to a direct chat any more. */
export async function closeDirectChat (orm: Orm, chatId: number): Promise<void> {
  const direct = orm.select({ id: chats.id }).from(chats).where(and(eq(chats.id, chatId), eq(chats.type, 'direct')))
  await orm
    .update(chatHeads)
    .set({ closedAt: sql`coalesce(${chatHeads.closedAt}, now())` })
    .where(and(eq(chatHeads.chatId, chatId), inArray(chatHeads.chatId, direct)))
}

/**
 * Takes a deleted account out of the numbered list of accounts: the last one gets its number.
 * @returns false when the last one is locked, to be tried again: waiting for it could be a circle
 */
export async function closeDirectoryGap (tx: Orm, userId: number): Promise<boolean> {
  await lockNumbering(tx)
  const [gone] = await tx.select({ position: users.directoryPosition }).from(users)
    .where(eq(users.id, userId)).for('update')
  if (gone?.position == null) return true
  const highest = tx.select({ position: max(users.directoryPosition) }).from(users)
  const [last] = await tx.select({ id: users.id }).from(users)
    .where(sql`${users.directoryPosition} = ${highest}`).for('update', { skipLocked: true })
  if (last === undefined) return false
  await tx.update(users).set({ directoryPosition: null }).where(eq(users.id, userId))
  if (last.id !== userId)
    await tx.update(users).set({ directoryPosition: gone.position }).where(eq(users.id, last.id))
  return true
}
