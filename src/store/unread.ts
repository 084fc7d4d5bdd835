/** Counting what a user has not read, by ranges of the index of messages. */
import { and, not, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isHidden } from './hidden.ts'
import { chats, mentions, messages, participants, threadFollowers, threadReplies } from './schema.ts'
import { inList } from './sql.ts'

/** Messages that are counted in a chat. */
export const COUNTED = 1_000

/**
 * What a member has not read of a chat: numbers up to {@link COUNTED}. `readSeq` is the member's mark, moved by their
 * own posts among the newest messages.
 */
export type UnreadRow = {
  chatId: number
  publicId: string | null
  readSeq: number
  unread: number
  mentions: number
}

/**
 * The unread messages of a user's chats. Those of the chat itself are counted downwards from the newest one, until
 * there are {@link COUNTED} or one of the user's own, before which everything is read. Those of threads are counted for
 * who follows them.
 * @param chatIds only these, not all
 */
export async function listUnread (orm: Orm, userId: number, chatIds?: readonly number[]): Promise<UnreadRow[]> {
  const user = sql`${userId}::bigint`
  const isShown = not(isHidden({ chatId: sql`p.chat_id`, userId: user, seq: sql`m.seq` }))
  const isMention = sql`(m.extra -> 'mentions' is not null and exists (select from ${mentions} n
    where n.chat_id = p.chat_id and n.seq = m.seq and n.target in (${userId}::text, '@all', '@role:' || p.role)))`
  const recent = sql`(
    select m.seq, m.author_id = ${user} as is_own, ${isMention} as is_mention
    from ${messages} m
    where m.chat_id = p.chat_id and m.seq > greatest(p.from_seq, p.read_seq) and m.parent_seq is null
      and (m.author_id = ${user} or (m.deleted_at is null and ${isShown}))
    order by m.seq desc limit ${COUNTED})`
  const ofChat = sql`(
    select counted.own, count(*) filter (where not is_own and seq > counted.own) as unread,
      count(*) filter (where not is_own and is_mention and seq > counted.own) as mentions
    from (
      select recent.*, coalesce(max(recent.seq) filter (where is_own) over (), 0) as own from ${recent} recent
    ) counted
    group by counted.own)`
  const ofThreads = sql`(
    select count(*) as unread, count(*) filter (where is_mention) as mentions from (
      select ${isMention} as is_mention
      from ${threadFollowers} f
      join ${threadReplies} r on r.chat_id = f.chat_id and r.parent_seq = f.parent_seq
        and r.seq > greatest(f.read_seq, p.from_seq)
      join ${messages} m on m.chat_id = r.chat_id and m.seq = r.seq
      where f.chat_id = p.chat_id and f.user_id = ${user} and m.author_id <> ${user} and ${isShown}
      limit ${COUNTED}) replies)`
  return orm
    .select({
      chatId: chats.id,
      publicId: chats.publicId,
      readSeq: sql`greatest(p.read_seq, main.own)`.mapWith(participants.readSeq),
      unread: sql`coalesce(main.unread, 0) + threads.unread`.mapWith(Number),
      mentions: sql`coalesce(main.mentions, 0) + threads.mentions`.mapWith(Number)
    })
    .from(sql`${participants} p`)
    .innerJoin(chats, sql`${chats.id} = p.chat_id`)
    .leftJoin(sql`lateral ${ofChat} main`, sql`true`)
    .innerJoin(sql`lateral ${ofThreads} threads`, sql`true`)
    .where(and(
      sql`p.user_id = ${user}`,
      chatIds === undefined ? undefined : inList(chats.id, `{${chatIds.join()}}`, 'bigint')
    ))
}
