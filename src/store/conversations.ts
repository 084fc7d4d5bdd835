/** The query behind a user's list of conversations. */
import { and, count, desc, eq, gt, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import type { CountedPage, PageRange } from './directory.ts'
import { chatHeads, chats, messages, participants, users } from './schema.ts'

/** Number of newest messages of a chat that are searched for one of the user's own. */
const OWN_POST_WINDOW = 1_000

/** A user in a conversation. */
export type ConversationUser = { id: number, username: string, displayName: string }

/** A chat as one of its members sees it; `unreadCount` counts the other user's messages above the read mark. */
export type ConversationRow = {
  chatId: number
  self: ConversationUser
  other: ConversationUser
  /** Whether the other user is still a member. */
  isOtherPresent: boolean
  lastMessage: { id: number, authorId: number, text: string, at: Date } | null
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
  return {
    items: rows.flatMap(({ conversation, self, other, presentId, lastMessage, unreadCount }) =>
      conversation === null || self === null || other === null
        ? []
        : [{ ...conversation, self, other, isOtherPresent: presentId !== null, lastMessage, unreadCount }]
    ),
    totalCount: rows[0]?.totalCount ?? 0
  }
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

  return orm
    .with(mine, total, page)
    .select({
      totalCount: total.count,
      conversation: { chatId: page.chatId, updatedAt: page.updatedAt },
      self: { id: self.id, username: self.username, displayName: self.displayName },
      other: { id: users.id, username: users.username, displayName: users.displayName },
      presentId: present.userId,
      lastMessage: { id: messages.id, authorId: messages.authorId, text: messages.body, at: messages.createdAt },
      unreadCount: sql<number>`${page.lastSeq} - greatest(${page.knownSeq}, (
        select max(${messages.seq}) from ${messages}
        where ${messages.chatId} = ${page.chatId} and ${messages.seq}
          > greatest(${page.knownSeq}, ${page.lastSeq} - ${OWN_POST_WINDOW})
          and ${messages.authorId} = ${userId}))`.mapWith(Number)
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
    .leftJoin(
      messages,
      and(eq(messages.chatId, page.chatId), eq(messages.seq, page.lastSeq), gt(messages.seq, page.fromSeq))
    )
    .orderBy(desc(page.updatedAt), desc(page.chatId))
}
