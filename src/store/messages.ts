/** Queries on messages: reading ranges by seq. */
import { and, asc, desc, eq, gt, lt, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { messages, participants, users } from './schema.ts'

/** A stored message with its author's name. */
export type MessageRow = {
  chatId: number
  seq: number
  id: number
  authorId: number
  username: string
  text: string
  postKey: string
  at: Date
}

const { chatId, seq, id, authorId, body, postKey, createdAt } = messages

/**
 * The statements that read a page. Each cuts its page out of the index before anything else: a plan that is prepared
 * for any range takes a chat for short, and joined first it would sort the whole of a long one for fifty messages.
 */
const pages = oncePerDatabase((orm) => {
  const [chat, after, before, limit] = [sql.placeholder('chatId'), sql.placeholder('after'), sql.placeholder('before'), sql.placeholder('limit')]
  const fromSeq = orm.select({ fromSeq: participants.fromSeq }).from(participants)
    .where(and(eq(participants.chatId, chat), eq(participants.userId, sql.placeholder('userId'))))

  const prepare = (name: string, range: SQL | undefined, order: SQL) => {
    const page = orm.select({ chatId, seq, id, authorId, body, postKey, createdAt }).from(messages)
      .where(and(eq(chatId, chat), range)).orderBy(order).limit(limit).as('page')
    return orm
      .select({ chatId: page.chatId, seq: page.seq, id: page.id, authorId: page.authorId, username: users.username, text: page.body, postKey: page.postKey, at: page.createdAt })
      .from(page).innerJoin(users, eq(users.id, page.authorId))
      .orderBy(asc(page.seq)).prepare(name)
  }
  return {
    after: prepare('messages_after', gt(seq, after), asc(seq)),
    // Who is no participant has no `fromSeq`, and no seq is greater than null.
    afterAs: prepare('messages_after_as', and(gt(seq, after), gt(seq, fromSeq)), asc(seq)),
    before: prepare('messages_before', and(gt(seq, after), lt(seq, before)), desc(seq))
  }
})

/** Messages of a chat with `after < seq`, oldest first. */
export async function listMessagesAfter (orm: Orm, chatId: number, after: number, limit: number): Promise<MessageRow[]> {
  return pages(orm).after.execute({ chatId, after, limit })
}

/** The same for one of the chat's participants; empty for anybody else, as of the moment the messages are read. */
export async function listMessagesAfterAs (orm: Orm, userId: number, chatId: number, after: number, limit: number): Promise<MessageRow[]> {
  return pages(orm).afterAs.execute({ userId, chatId, after, limit })
}

/** The newest messages of a chat with `after < seq < before`, oldest first. */
export async function listMessagesBefore (orm: Orm, chatId: number, range: { after: number, before: number }, limit: number): Promise<MessageRow[]> {
  return pages(orm).before.execute({ chatId, ...range, limit })
}
