/** Queries on messages: reading ranges by seq. */
import { and, asc, type Column, desc, eq, gt, lt, type SQL, sql } from 'drizzle-orm'
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
 * Maximum number of messages in a page. The statements below contain it as a constant, since the planner ignores the
 * value of a parameter.
 */
export const LONGEST_PAGE = 1_000

/**
 * A parameter in a sub-select, whose value is hidden from the planner. With the values of a long chat every custom plan
 * would seem cheaper than the generic one and be made again for each page, which takes longer than reading it.
 */
const unseen = (name: string) => sql`(select ${sql.placeholder(name)}::bigint)`

/** A column of a page; Drizzle does not know `page` as a table. */
const ofPage = <Of extends Column>(column: Of) => sql`page.${sql.identifier(column.name)}`.mapWith(column)

/**
 * The statements that read a page. Each limits the page by the index before any join: a generic plan assumes that a
 * chat is short, and with the join first it would sort the whole of a long one for fifty messages.
 */
const pages = oncePerDatabase((orm) => {
  const [chat, after, before, limit] = [unseen('chatId'), unseen('after'), unseen('before'), unseen('limit')]
  const fromSeq = orm
    .select({ fromSeq: participants.fromSeq })
    .from(participants)
    .where(and(eq(participants.chatId, chat), eq(participants.userId, sql.placeholder('userId'))))

  const prepare = (name: string, range: SQL | undefined, order: typeof asc) => {
    // Without a constant limit the planner would expect a tenth of the chat and scan all users for the authors.
    const longest = sql`select * from ${messages} where ${and(eq(chatId, chat), range)}
      order by ${order(seq)} limit 1000`
    return orm
      .select({
        chatId: ofPage(chatId),
        seq: ofPage(seq),
        id: ofPage(id),
        authorId: ofPage(authorId),
        username: users.username,
        text: ofPage(body),
        postKey: ofPage(postKey),
        at: ofPage(createdAt)
      })
      .from(sql`(select * from (${longest}) longest order by ${order(sql`seq`)} limit ${limit}) page`)
      .innerJoin(users, eq(users.id, ofPage(authorId)))
      .orderBy(asc(ofPage(seq)))
      .prepare(name)
  }
  return {
    after: prepare('messages_after', gt(seq, after), asc),
    // A user who is no member has no `fromSeq`, and no seq is greater than null.
    afterAs: prepare('messages_after_as', and(gt(seq, after), gt(seq, fromSeq)), asc),
    before: prepare('messages_before', and(gt(seq, after), lt(seq, before)), desc)
  }
})

/** @throws {RangeError} when the page would exceed the constant limit and be cut short */
function checkLength (limit: number): void {
  if (limit > LONGEST_PAGE)
    throw new RangeError(`A page has ${String(LONGEST_PAGE)} messages at the most, not ${String(limit)}.`)
}

/** Returns at most {@link LONGEST_PAGE} messages of a chat with `after < seq`, oldest first. */
export async function listMessagesAfter (
  orm: Orm,
  chatId: number,
  after: number,
  limit: number
): Promise<MessageRow[]> {
  checkLength(limit)
  return pages(orm).after.execute({ chatId, after, limit })
}

/** The same for a member of the chat, empty for others; membership is checked in the same snapshot. */
export async function listMessagesAfterAs (
  orm: Orm,
  userId: number,
  chatId: number,
  after: number,
  limit: number
): Promise<MessageRow[]> {
  checkLength(limit)
  return pages(orm).afterAs.execute({ userId, chatId, after, limit })
}

/** Returns at most {@link LONGEST_PAGE} newest messages of a chat with `after < seq < before`, oldest first. */
export async function listMessagesBefore (
  orm: Orm,
  chatId: number,
  range: { after: number, before: number },
  limit: number
): Promise<MessageRow[]> {
  checkLength(limit)
  return pages(orm).before.execute({ chatId, ...range, limit })
}
