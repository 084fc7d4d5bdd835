/** Removing what messages have beside their rows: with their chat, or what one user has added. */
import { and, eq, or, sql, type SQL } from 'drizzle-orm'
import type { Orm } from './database.ts'
import {
  hiddenMessages, mentions, messageVersions, pins, reactionCounts, reactions, slowModePosts, threadFollowers,
  threadReplies, threads
} from './schema.ts'

const TABLES = [
  hiddenMessages, mentions, messageVersions, pins, reactionCounts, reactions, slowModePosts, threadFollowers,
  threadReplies, threads
]

/** What else names a user. */
const TRACES = [threadFollowers, hiddenMessages, slowModePosts]

/** Removes everything that the messages of a chat have. */
export async function removeMessageParts (tx: Orm, chatId: number): Promise<void> {
  for (const table of TABLES) await tx.delete(table).where(eq(table.chatId, chatId))
}

/** Whether a user has added something to messages of a chat, or is mentioned in it. @param chat the id of the chat */
export function hasTracesOf (chat: SQL, userId: number): SQL<boolean> {
  const inTables = [reactions, ...TRACES].map(
    (table) => sql`exists (select from ${table} own where own.chat_id = ${chat} and own.user_id = ${userId})`
  )
  const isMentioned = sql`exists (select from ${mentions} own where own.chat_id = ${chat}
    and own.target = ${String(userId)})`
  return sql`${or(...inTables, isMentioned) ?? sql`false`}`
}

/** Removes the reactions of a user in a locked chat. They are not counted any more. */
export async function removeReactionsOf (tx: Orm, chatId: number, userId: number): Promise<void> {
  const removed = await tx
    .delete(reactions)
    .where(and(eq(reactions.chatId, chatId), eq(reactions.userId, userId)))
    .returning({ seq: reactions.seq, emoji: reactions.emoji })
  if (removed.length === 0) return
  await tx.execute(sql`update ${reactionCounts} counted set count = counted.count - 1
    from json_to_recordset(${JSON.stringify(removed)}::text::json) removed(seq bigint, emoji text)
    where counted.chat_id = ${chatId} and counted.seq = removed.seq and counted.emoji = removed.emoji`)
  await tx.delete(reactionCounts).where(and(eq(reactionCounts.chatId, chatId), sql`${reactionCounts.count} = 0`))
}

/** Removes what else names a user in a locked chat. */
export async function removeTracesOf (tx: Orm, chatId: number, userId: number): Promise<void> {
  for (const table of TRACES) await tx.delete(table).where(and(eq(table.chatId, chatId), eq(table.userId, userId)))
  await tx.delete(mentions).where(and(eq(mentions.chatId, chatId), eq(mentions.target, String(userId))))
  await tx
    .update(threads)
    .set({ participants: sql`array_remove(${threads.participants}, ${userId}::bigint)` })
    .where(and(eq(threads.chatId, chatId), sql`${userId}::bigint = any (${threads.participants})`))
}
