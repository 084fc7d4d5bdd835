/** Queries that bring a client up to date which was away, to be run in one snapshot. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import type { StoredMarks } from './marks.ts'
import { type MessageChanges, type MessageRow, selectChanges } from './messages.ts'
import { chatHeads, chats, hiddenMessages, messages, participants, users } from './schema.ts'
import { inList } from './sql.ts'

/** A chat of a user that is ahead of what the client has. */
export type ChangedChat = { chatId: number, chosenId: string | null, lastSeq: number }

/** The seqs up to which a client has chats, by their ids of `/v1`. */
export type KnownSeqs = Readonly<Record<string, number>>

/** The id of a chat in `/v1`; see `domain/chats/chat-id.ts`. */
const publicId = sql<string>`coalesce(${chats.publicId}, 'cf~' || ${chats.id})`

const knownSeqs = (known: KnownSeqs) =>
  sql`(select key as name, value::bigint as seq from json_each_text(${JSON.stringify(known)}::text::json)) known`

/** The chats of a user that are ahead of what is known of them, in the order of their numbers. */
export async function listChangedChats (
  tx: Orm, userId: number, { known, after, limit }: { known: KnownSeqs, after: number, limit: number }
): Promise<ChangedChat[]> {
  return tx
    .select({ chatId: chats.id, chosenId: chats.publicId, lastSeq: chatHeads.lastSeq })
    .from(participants)
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .leftJoin(knownSeqs(known), sql`known.name = ${publicId}`)
    .where(and(
      eq(participants.userId, userId),
      sql`${participants.chatId} > ${after}::bigint`,
      sql`(known.seq is null or ${chatHeads.lastSeq} > known.seq)`
    ))
    .orderBy(asc(participants.chatId))
    .limit(limit)
}

/** Those of the known chats that the user is not in, and those that are shorter than what is known of them. */
export async function findGone (
  tx: Orm, userId: number, known: KnownSeqs
): Promise<{ name: string, isBeyond: boolean }[]> {
  const rows = await tx
    .select({ name: sql<string>`known.name`, isBeyond: sql<boolean>`coalesce(own.last_seq < known.seq, false)` })
    .from(knownSeqs(known))
    .leftJoin(
      sql`(select ${publicId} as name, ${chatHeads.lastSeq} as last_seq from ${participants}
        join ${chats} on ${chats.id} = ${participants.chatId}
        join ${chatHeads} on ${chatHeads.chatId} = ${participants.chatId}
        where ${participants.userId} = ${userId}::bigint) own`,
      sql`own.name = known.name`
    )
    .where(sql`own.name is null or own.last_seq < known.seq`)
  return rows
}

/** The newest message of each of these chats that a member sees, outside of threads. */
export async function listLastMessages (tx: Orm, userId: number, chatIds: readonly number[]): Promise<MessageRow[]> {
  const newest = sql`lateral (
    select * from ${messages} m
    where m.chat_id = p.chat_id and m.seq > p.from_seq and m.parent_seq is null and not exists (
      select from ${hiddenMessages} h where h.chat_id = m.chat_id and h.user_id = p.user_id and h.seq = m.seq)
    order by m.seq desc limit 1) page`
  const changes: SQL<MessageChanges | null> = selectChanges('page')
  const rows = await tx
    .select({
      chatId: sql`page.chat_id`.mapWith(messages.chatId),
      seq: sql`page.seq`.mapWith(messages.seq),
      id: sql`page.id`.mapWith(messages.id),
      authorId: sql`page.author_id`.mapWith(messages.authorId),
      username: users.username,
      text: sql<string>`page.body`,
      postKey: sql<string>`page.post_key`,
      at: sql`page.created_at`.mapWith(messages.createdAt),
      changes,
      marks: sql<StoredMarks | null>`case when page.extra ? 'marks' then
        (select found.marks from marks_of(page.chat_id, array[page.seq]) found) end`
    })
    .from(sql`${participants} p`)
    .innerJoin(newest, sql`true`)
    .innerJoin(users, sql`${users.id} = page.author_id`)
    .where(and(sql`p.user_id = ${userId}::bigint`, inList(sql`p.chat_id`, `{${chatIds.join()}}`, 'bigint')))
  return rows.map(({ marks, ...row }) => ({ ...row, ...(marks !== null && { marks }) }))
}
