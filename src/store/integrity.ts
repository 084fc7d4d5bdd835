/** Queries that find an inconsistency: a chat whose messages and events are not 1, 2, 3 … up to its head. */
import { sql, type SQLWrapper } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { chatEvents, chatHeads, messages } from './schema.ts'

/** A chat's head and its stored log of messages and events: `lastSeq` is null when it has no head. */
export type ChatExtent = { chatId: number, lastSeq: number | null, count: number, highest: number }

/** A range of missing seqs, both ends included. */
export type SeqGap = { first: number, last: number }

/** The extents of one chat, or of all: of everything that has a head or a message. */
function extentsOf (chatId: number | undefined) {
  const only = (column: SQLWrapper) => (chatId === undefined ? sql`true` : sql`${column} = ${chatId}`)
  const heads = sql`(select ${chatHeads.chatId} as chat_id, ${chatHeads.lastSeq} as last_seq from ${chatHeads}
    where ${only(chatHeads.chatId)}) head`
  const entries = sql`(select ${messages.chatId} as chat_id, ${messages.seq} as seq, 1 as message from ${messages}
    where ${only(messages.chatId)} union all select ${chatEvents.chatId}, ${chatEvents.seq}, 0 from ${chatEvents}
    where ${only(chatEvents.chatId)}) entries`
  const counts = sql`(select chat_id, count(*) as count, sum(message) as messages, max(seq) as highest
    from ${entries} group by 1) counted`
  return sql`(select chat_id, last_seq, coalesce(count, 0) as count, coalesce(messages, 0) as messages,
    coalesce(highest, 0) as highest from ${heads} full join ${counts} using (chat_id)) extents`
}

/** Number of chats and of their messages. */
export async function countAll (orm: Orm, chatId: number | undefined): Promise<{ chats: number, messages: number }> {
  const [sums] = await orm
    .select({ chats: sql`count(*)`.mapWith(Number), messages: sql`coalesce(sum(messages), 0)`.mapWith(Number) })
    .from(extentsOf(chatId))
  return sums ?? { chats: 0, messages: 0 }
}

/** The chats whose number of entries differs from their highest seq, or whose head does. */
export async function findInconsistentChats (orm: Orm, chatId: number | undefined): Promise<ChatExtent[]> {
  return orm
    .select({
      chatId: sql`chat_id`.mapWith(Number),
      lastSeq: sql<number | null>`last_seq`.mapWith(Number),
      count: sql`count`.mapWith(Number),
      highest: sql`highest`.mapWith(Number)
    })
    .from(extentsOf(chatId))
    .where(sql`count <> highest or highest is distinct from last_seq`)
    .orderBy(sql`chat_id`)
}

/** The seqs up to `lastSeq` for which a chat has neither message nor event. */
export async function findSeqGaps (orm: Orm, chatId: number, lastSeq: number): Promise<SeqGap[]> {
  const seqs = sql`(select ${messages.seq} as seq from ${messages} where ${messages.chatId} = ${chatId} union all
    select ${chatEvents.seq} from ${chatEvents} where ${chatEvents.chatId} = ${chatId} union all
    select ${lastSeq}::bigint + 1) seqs`
  const steps = sql`(select seq, lag(seq, 1, 0::bigint) over (order by seq) as before from ${seqs}) steps`
  return orm
    .select({ first: sql`before + 1`.mapWith(Number), last: sql`seq - 1`.mapWith(Number) })
    .from(steps)
    .where(sql`seq > before + 1`)
    .orderBy(sql`seq`)
}
