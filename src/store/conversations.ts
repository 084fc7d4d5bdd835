/** The query behind a user's list of conversations. */
import { and, asc, count, desc, eq, gt, sql, type SQLWrapper } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import type { CountedPage, PageRange } from './directory.ts'
import { selectPlainText } from './messages.ts'
import { chatEvents, chatHeads, chats, messages, participants, users } from './schema.ts'
import { inList } from './sql.ts'

/** Number of newest messages of a chat that are searched for one of the user's own. */
const OWN_POST_WINDOW = 1_000

/** A user in a conversation. */
export type ConversationUser = { id: number, username: string, displayName: string }

/** Number of members of a group that are listed. */
const LISTED_MEMBERS = 100

/** A chat as one of its members sees it; `unreadCount` counts the messages of others above the read mark. */
export type ConversationRow = {
  chatId: number
  /** The name of a group; null for a direct chat. */
  name: string | null
  /** The other user of a direct chat, who may have left it. */
  other: ConversationUser | null
  /** Its members: of a group the first {@link LISTED_MEMBERS}. */
  members: ConversationUser[]
  lastMessage: { id: number, authorId: number, text: string, at: Date, deletedAt: Date | null } | null
  unreadCount: number
  updatedAt: Date
}

/**
 * Returns a page of a user's chats, latest activity first. Only narrow rows are collected and sorted for all chats;
 * names, texts and counts are looked up by key for the chats of the page.
 *
 * Messages before the user's own newest message count as read, if that is among the chat's newest {@link
 * OWN_POST_WINDOW}. It is searched for here, so that posting does not have to store a read mark.
 */
export async function listConversations (
  orm: Orm,
  userId: number,
  range: PageRange
): Promise<CountedPage<ConversationRow>> {
  const rows = await selectConversations(orm, userId, range)
  const groups = rows.flatMap(({ conversation, name }) =>
    conversation === null || name === null ? [] : [conversation.chatId])
  const members = groups.length === 0 ? new Map<number, ConversationUser[]>() : await listMembersOf(orm, groups)
  return {
    items: rows.flatMap(({ conversation, name, self, other, presentId, lastMessage, unreadCount }) => {
      if (conversation === null || self === null) return []
      const ofPair = other === null || presentId === null ? [self] : [self, other]
      return [{
        ...conversation,
        name,
        other,
        members: name === null ? ofPair : members.get(conversation.chatId) ?? [],
        lastMessage,
        unreadCount
      }]
    }),
    totalCount: rows[0]?.totalCount ?? 0
  }
}

/** The first members of each of these chats. */
async function listMembersOf (orm: Orm, chatIds: readonly number[]): Promise<Map<number, ConversationUser[]>> {
  const first = orm
    .select({ chatId: participants.chatId, userId: participants.userId })
    .from(participants)
    .where(sql`${participants.chatId} = ${chats.id}`)
    .orderBy(asc(participants.joinedAt), asc(participants.userId))
    .limit(LISTED_MEMBERS)
    .as('first')
  const rows = await orm
    .select({ chatId: chats.id, id: users.id, username: users.username, displayName: users.displayName })
    .from(chats)
    .innerJoinLateral(first, sql`true`)
    .innerJoin(users, eq(users.id, first.userId))
    .where(inList(chats.id, `{${chatIds.join()}}`, 'bigint'))
  const members = new Map<number, ConversationUser[]>()
  for (const { chatId, ...user } of rows) members.set(chatId, [...(members.get(chatId) ?? []), user])
  return members
}

/** The statement of {@link listConversations}: a row per chat of the page, or one row of nulls when there is none. */
export function selectConversations (orm: Orm, userId: number, { offset, limit }: PageRange) {
  const mine = orm.$with('mine').as(
    orm
      .select({
        chatId: participants.chatId,
        fromSeq: participants.fromSeq,
        knownSeq: sql<number>`greatest(${participants.fromSeq}, ${participants.readSeq})`.as('known_seq'),
        lastSeq: chatHeads.lastSeq,
        closedAt: chatHeads.closedAt,
        // Rejoining a chat counts as activity for the user who rejoins.
        updatedAt: sql<Date>`greatest(${chatHeads.lastAt}, ${participants.joinedAt})`
          .mapWith(chatHeads.lastAt)
          .as('updated_at')
      })
      .from(participants)
      .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
      .where(eq(participants.userId, userId))
  )
  const total = orm.$with('total').as(orm.select({ count: count().as('count') }).from(mine))
  const page = orm
    .$with('page')
    .as(orm.select().from(mine).orderBy(desc(mine.updatedAt), desc(mine.chatId)).limit(limit).offset(offset))
  const self = alias(users, 'self')
  const present = alias(participants, 'present')
  const newest = orm
    .select()
    .from(messages)
    .where(and(eq(messages.chatId, page.chatId), gt(messages.seq, page.fromSeq)))
    .orderBy(desc(messages.seq))
    .limit(1)
    .as('newest')

  return orm
    .with(mine, total, page)
    .select({
      totalCount: total.count,
      conversation: { chatId: page.chatId, updatedAt: page.updatedAt },
      name: chats.name,
      self: { id: self.id, username: self.username, displayName: self.displayName },
      other: { id: users.id, username: users.username, displayName: users.displayName },
      presentId: present.userId,
      lastMessage: {
        id: newest.id,
        authorId: newest.authorId,
        text: selectPlainText(newest),
        at: newest.createdAt,
        deletedAt: newest.deletedAt
      },
      unreadCount: countUnread(page, userId)
    })
    .from(total)
    .leftJoin(page, sql`true`)
    .leftJoin(self, eq(self.id, userId))
    .leftJoin(chats, eq(chats.id, page.chatId))
    .leftJoin(
      users,
      eq(users.id, sql`case when ${chats.userLow} = ${userId} then ${chats.userHigh} else ${chats.userLow} end`)
    )
    .leftJoin(present, and(eq(present.chatId, page.chatId), eq(present.userId, users.id)))
    .leftJoinLateral(newest, sql`true`)
    .orderBy(desc(page.updatedAt), desc(page.chatId))
}

/**
 * The seqs above the known ones, without those of other events, and without the messages that these deleted.
 *
 * The texts of a deleted account are erased without an event. In a direct chat, which is closed by that, nothing else
 * is unread; in a group the newest {@link OWN_POST_WINDOW} messages are searched for them.
 */
function countUnread (page: Record<'chatId' | 'knownSeq' | 'lastSeq' | 'closedAt', SQLWrapper>, userId: number) {
  return sql<number>`case when ${chats.type} = 'direct' and ${page.closedAt} is not null then 0
    else (select ${page.lastSeq} - known.seq - (
      select count(*) + count(*) filter (where e.kind = 'message.deleted' and e.target_seq > known.seq)
      from ${chatEvents} e where e.chat_id = ${page.chatId} and e.seq > known.seq) - (
      select count(*) from ${messages} m
      where m.chat_id = ${page.chatId} and m.seq > greatest(known.seq, ${page.lastSeq} - ${OWN_POST_WINDOW})
        and m.deleted_at is not null and ${chats.type} <> 'direct'
        and not exists (select from ${chatEvents} d
          where d.chat_id = m.chat_id and d.seq > m.seq and d.kind = 'message.deleted' and d.target_seq = m.seq))
    from (select greatest(${page.knownSeq}, (
      select max(${messages.seq}) from ${messages}
      where ${messages.chatId} = ${page.chatId} and ${messages.seq}
        > greatest(${page.knownSeq}, ${page.lastSeq} - ${OWN_POST_WINDOW})
        and ${messages.authorId} = ${userId})) as seq) known) end`.mapWith(Number)
}
