/** The query behind a user's list of conversations. */
import { and, count, desc, eq, gt, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import type { CountedPage, PageRange } from './directory.ts'
import { chatHeads, chats, messages, participants, users } from './schema.ts'

/** The newest messages of a chat among which a user's own one is looked for. */
const OWN_POST_WINDOW = 1_000

/** One of the two whom a chat is between. */
export type ConversationUser = { id: number, username: string, displayName: string }

/** A chat as one of its participants sees it; `unreadCount` messages of the other are new to them. */
export type ConversationRow = {
  chatId: number
  self: ConversationUser
  other: ConversationUser
  /** Whether the other is still in it. */
  isOtherPresent: boolean
  lastMessage: { id: number, authorId: number, text: string, at: Date } | null
  unreadCount: number
  updatedAt: Date
}

/**
 * A page of the chats a user is in, latest activity first. Of all their chats only narrow rows are gathered and sorted;
 * names, texts and counts are looked up by key for those of the page.
 *
 * What precedes a user's own message counts as read, if that is one of the chat's newest {@link OWN_POST_WINDOW}. It is
 * looked for here, so that posting need not write down that its author has read.
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

/** The one statement of {@link listConversations}: a row per chat of the page, or one of nulls when there is none. */
export function selectConversations (orm: Orm, userId: number, { offset, limit }: PageRange) {
  const mine = orm.$with('mine').as(
    orm
      .select({
        chatId: participants.chatId,
        fromSeq: participants.fromSeq,
        knownSeq: sql<number>`greatest(${participants.fromSeq}, ${participants.readSeq})`.as('known_seq'),
        lastSeq: chatHeads.lastSeq,
        // Coming back into a chat is an activity of whoever does.
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
