/** Queries on who may know whether a user is online. */
import { and, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { hiddenPresence, participants } from './schema.ts'
import { isSeen, type SeenChats } from './seen-chats.ts'
import { inList } from './sql.ts'
import { isUnblocked } from './blocks.ts'

/**
 * Those of these users who share a chat with a user, and let others know whether they are online.
 * @param seen only such chats count; undefined for all
 */
export async function listVisible (
  orm: Orm, userId: number, { userIds, seen }: { userIds: readonly number[], seen: SeenChats | undefined }
): Promise<number[]> {
  const rows = await orm
    .selectDistinct({ userId: participants.userId })
    .from(participants)
    .where(and(
      inList(participants.userId, `{${userIds.join()}}`, 'bigint'),
      sql`exists (select from ${participants} own
        where own.chat_id = ${participants.chatId} and own.user_id = ${userId})`,
      sql`not exists (select from ${hiddenPresence} h where h.user_id = ${participants.userId})`,
      isUnblocked(sql`${userId}`, participants.userId),
      isSeen(participants.chatId, seen)
    ))
  return rows.map((row) => row.userId)
}
