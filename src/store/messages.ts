/** Queries on messages alone: the pages of a history. */
import { and, asc, type Column, desc, eq, gt, lt, not, type SQL, sql, type SQLWrapper } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isHidden } from './hidden.ts'
import type { StoredMarks } from './marks.ts'
import { oncePerDatabase } from './prepared.ts'
import { type MessageExtra, messages, users } from './schema.ts'

/** A stored message with its author's name. The text of a deleted one is empty. */
export type MessageRow = {
  chatId: number
  seq: number
  id: number
  authorId: number
  username: string
  text: string
  postKey: string
  at: Date
  /** Null for a plain message that was never changed: one column to read, as a rule, instead of six. */
  changes: MessageChanges | null
  /** What it has in other tables, if it is known to have something and was read with that. */
  marks?: StoredMarks | undefined
}

/**
 * The number of texts that a message has had, when it was last edited and deleted, in milliseconds since 1970, the
 * messages that it belongs to and quotes, and what else it has beside its text.
 */
export type MessageChanges = [
  version: number,
  editedAt: number | null,
  deletedAt: number | null,
  parentSeq: number | null,
  replyToSeq: number | null,
  extra: MessageExtra | null
]

const {
  chatId, seq, id, authorId, body, postKey, createdAt, editedAt, deletedAt, version, parentSeq, replyToSeq, extra
} = messages

/**
 * Maximum number of messages in a page. The statements below contain it as a constant, since the planner ignores the
 * value of a parameter.
 */
export const LONGEST_PAGE = 1_000

/**
 * A parameter in a sub-select, whose value is hidden from the planner. With the values of a long chat every custom plan
 * would seem cheaper than the generic one and be made again for each page, which takes longer than reading it.
 */
export const unseen = (name: string) => sql`(select ${sql.placeholder(name)}::bigint)`

/** The changes of a message in a row of this name. @param otherwise the value for one without any, by default null */
export function selectChanges<Value = MessageChanges | null> (row: string, otherwise = sql`null`): SQL<Value> {
  const of = ({ name }: Column) => sql`${sql.identifier(row)}.${sql.identifier(name)}`
  const inMs = (time: Column) => sql`round(extract(epoch from ${of(time)}) * 1000)`
  // A message that belongs to another one or quotes one has an object in `extra`.
  return sql`case when ${of(version)} is not null or ${of(extra)} is not null
    then json_build_array(coalesce(${of(version)}, 1), ${inMs(editedAt)}, ${inMs(deletedAt)}, ${of(parentSeq)},
      ${of(replyToSeq)}, ${of(extra)})
    else ${otherwise} end`
}

/** The text of a message in a row, for clients that know no files: of a message with files alone their names. */
export function selectPlainText (row: { body: SQLWrapper, extra: SQLWrapper }): SQL<string> {
  return sql`case when ${row.body} = '' and ${row.extra} -> 'attachments' is not null then (
    select string_agg(entry.attachment ->> 'name', ', ' order by entry.place)
    from jsonb_array_elements(${row.extra} -> 'attachments') with ordinality entry(attachment, place)
  ) else ${row.body} end`
}

/** A column of a page; Drizzle does not know `page` as a table. */
const ofPage = <Of extends Column>(column: Of) => sql`page.${sql.identifier(column.name)}`.mapWith(column)

/**
 * The query of a page of messages. It limits the page by the index before any join: a generic plan assumes that a chat
 * is short, and with the join first it would sort the whole of a long one for fifty messages. Each column costs as much
 * as a fiftieth of the page.
 * @param changes the changes of a message in the row `page`
 */
export function selectPage<Changes> (
  orm: Orm,
  range: SQL | undefined,
  order: typeof asc,
  changes: SQL<Changes>
) {
  // Without a constant limit the planner would expect a tenth of the chat and scan all users for the authors.
  const longest = sql`select * from ${messages} where ${and(eq(chatId, unseen('chatId')), range)}
    order by ${order(seq)} limit 1000`
  return orm
    .select({
      seq: ofPage(seq),
      id: ofPage(id),
      authorId: ofPage(authorId),
      username: users.username,
      text: ofPage(body),
      postKey: ofPage(postKey),
      at: ofPage(createdAt),
      changes
    })
    .from(sql`(select * from (${longest}) longest order by ${order(sql`seq`)} limit ${unseen('limit')}) page`)
    .innerJoin(users, eq(users.id, ofPage(authorId)))
    .orderBy(asc(ofPage(seq)))
}

const pages = oncePerDatabase((orm) => {
  const [after, before, changes] = [unseen('after'), unseen('before'), selectChanges('page')]
  const isShown = not(isHidden({ chatId: unseen('chatId'), userId: unseen('userId'), seq }))
  const range = and(gt(seq, after), lt(seq, before))
  return {
    after: selectPage(orm, gt(seq, after), asc, changes).prepare('messages_after'),
    afterFor: selectPage(orm, and(gt(seq, after), isShown), asc, changes).prepare('messages_after_for'),
    before: selectPage(orm, range, desc, changes).prepare('messages_before'),
    beforeFor: selectPage(orm, and(range, isShown), desc, changes).prepare('messages_before_for'),
    one: selectPage(orm, eq(seq, unseen('seq')), asc, changes).prepare('message')
  }
})

type PageRow = Awaited<ReturnType<ReturnType<typeof pages>['after']['execute']>>[number]

/** The rows of a page: field by field, which is several times as fast as copying all of them. */
function rowsOf (chatId: number, page: readonly PageRow[]): MessageRow[] {
  return page.map(({ seq, id, authorId, username, text, postKey, at, changes }) => ({
    chatId, seq, id, authorId, username, text, postKey, at, changes
  }))
}

/** Checks the length of a page. @throws {RangeError} when the page would exceed the constant limit and be cut short */
export function checkLength (limit: number): void {
  if (limit > LONGEST_PAGE)
    throw new RangeError(`A page has ${String(LONGEST_PAGE)} messages at the most, not ${String(limit)}.`)
}

/**
 * Returns at most {@link LONGEST_PAGE} messages of a chat with `after < seq`, oldest first.
 * @param userId leaves out what this user has hidden
 */
export async function listMessagesAfter (
  orm: Orm,
  chatId: number,
  after: number,
  limit: number,
  userId?: number
): Promise<MessageRow[]> {
  checkLength(limit)
  const { after: all, afterFor } = pages(orm)
  return rowsOf(chatId, userId === undefined
    ? await all.execute({ chatId, after, limit })
    : await afterFor.execute({ chatId, after, limit, userId }))
}

/**
 * Returns at most {@link LONGEST_PAGE} newest messages of a chat with `after < seq < before`, oldest first.
 * @param userId leaves out what this user has hidden
 */
export async function listMessagesBefore (
  orm: Orm,
  chatId: number,
  range: { after: number, before: number },
  limit: number,
  userId?: number
): Promise<MessageRow[]> {
  checkLength(limit)
  const { before: all, beforeFor } = pages(orm)
  return rowsOf(chatId, userId === undefined
    ? await all.execute({ chatId, ...range, limit })
    : await beforeFor.execute({ chatId, ...range, limit, userId }))
}

/** Returns the message of a chat with that seq. */
export async function findMessage (orm: Orm, chatId: number, seq: number): Promise<MessageRow | undefined> {
  return rowsOf(chatId, await pages(orm).one.execute({ chatId, seq, limit: 1 }))[0]
}
