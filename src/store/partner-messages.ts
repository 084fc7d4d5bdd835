/** The messages of two users, in pages from the newest one back. */
import { and, count, desc, eq, gt, not } from 'drizzle-orm'
import { findChatOfPair, findMembership } from './chats.ts'
import type { Orm } from './database.ts'
import type { CountedPage, PageRange } from './directory.ts'
import { isHidden } from './hidden.ts'
import { selectPlainText } from './messages.ts'
import { messages } from './schema.ts'

/** A message; its receiver is the other one of the two. */
export type PartnerMessage = {
  id: number
  seq: number
  authorId: number
  text: string
  at: Date
  deletedAt: Date | null
}

/** A page of the messages that one of the two users sees, newest first, and their chat; undefined if there is none. */
export async function listPartnerMessages (
  orm: Orm,
  userId: number,
  partnerId: number,
  { offset, limit }: PageRange
): Promise<(CountedPage<PartnerMessage> & { chatId: number }) | undefined> {
  const chatId = await findChatOfPair(orm, Math.min(userId, partnerId), Math.max(userId, partnerId))
  const membership = chatId === undefined ? undefined : await findMembership(orm, chatId, userId)
  if (membership === undefined) return undefined
  const visible = and(
    eq(messages.chatId, membership.chatId),
    gt(messages.seq, membership.fromSeq),
    membership.hasHidden ? not(isHidden({ chatId: membership.chatId, userId, seq: messages.seq })) : undefined
  )
  const [[total], items] = await Promise.all([
    orm.select({ count: count() }).from(messages).where(visible),
    orm
      .select({
        id: messages.id,
        seq: messages.seq,
        authorId: messages.authorId,
        text: selectPlainText(messages),
        at: messages.createdAt,
        deletedAt: messages.deletedAt
      })
      .from(messages)
      .where(visible)
      .orderBy(desc(messages.seq))
      .limit(limit)
      .offset(offset)
  ])
  return { chatId: membership.chatId, items, totalCount: total?.count ?? 0 }
}
