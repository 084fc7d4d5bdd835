/** Queries on the messages of a chat for one reader, to be run in one snapshot. */
import { and, asc, desc, eq, gt, inArray, isNull, lt, not, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isHidden } from './hidden.ts'
import { addMarks, listOwnReactions } from './marks.ts'
import { checkLength, type MessageRow, selectChanges, selectPage } from './messages.ts'
import { hiddenMessages, messages, pins, threadReplies } from './schema.ts'

/**
 * The messages that a reader sees: those after `fromSeq` that a user has not hidden. A key has no `userId` and sees
 * all.
 */
export type Reading = { chatId: number, fromSeq: number, userId: number | null }

/** The messages of a chat outside of its threads; or, with a parent, the replies of a thread that are not deleted. */
export type ListReading = Reading & { parentSeq: number | undefined }

/** Returns the oldest messages with `after < seq`, oldest first. */
export async function listOldest (tx: Orm, reading: ListReading, after: number, limit: number): Promise<MessageRow[]> {
  return list(tx, reading.chatId, and(isListed(reading), gt(messages.seq, after)), asc, limit)
}

/** Returns the newest messages with `seq < before`, oldest first. */
export async function listNewest (tx: Orm, reading: ListReading, before: number, limit: number): Promise<MessageRow[]> {
  return list(tx, reading.chatId, and(isListed(reading), lt(messages.seq, before)), desc, limit)
}

/** Returns a message, in a thread or not. */
export async function findMessageFor (tx: Orm, reading: Reading, seq: number): Promise<MessageRow | undefined> {
  const [row] = await list(tx, reading.chatId, and(isVisible(reading), eq(messages.seq, seq)), asc, 1)
  return row
}

/** Returns messages of a chat, in threads or not, as nobody in particular sees them. */
export async function listMessagesAt (tx: Orm, chatId: number, seqs: readonly number[]): Promise<MessageRow[]> {
  const distinct = [...new Set(seqs)]
  return distinct.length === 0 ? [] : list(tx, chatId, inArray(messages.seq, distinct), asc, distinct.length)
}

/** Returns the oldest pinned messages after a seq, or the newest ones before one, oldest first. */
export async function listPinned (
  tx: Orm,
  reading: Reading,
  position: { before: number } | { after: number },
  limit: number
): Promise<MessageRow[]> {
  const { chatId } = reading
  const isPinned = sql`${messages.seq} in (select p.seq from ${pins} p where p.chat_id = ${chatId})`
  const [range, order] =
    'after' in position ? [gt(messages.seq, position.after), asc] : [lt(messages.seq, position.before), desc]
  return list(tx, chatId, and(isVisible(reading), isPinned, range), order, limit)
}

/** Whether there are messages before the first one of a page, and after its last one. */
export async function findEnds (
  tx: Orm,
  reading: ListReading,
  { first, last }: { first: number, last: number }
): Promise<{ isFirst: boolean, isLast: boolean }> {
  const exists = (range: SQL) => sql<boolean>`exists (select from ${messages}
    where ${and(eq(messages.chatId, reading.chatId), isListed(reading), range)})`
  const [row] = await tx.select({
    isFirst: sql<boolean>`not ${exists(lt(messages.seq, first))}`,
    isLast: sql<boolean>`not ${exists(gt(messages.seq, last))}`
  }).from(sql`(select) one`)
  return row ?? { isFirst: true, isLast: true }
}

/** Returns the seq of the oldest message that a member has not read; undefined when there is none. */
export async function findFirstUnread (tx: Orm, reading: ListReading, readSeq: number): Promise<number | undefined> {
  const { chatId, userId } = reading
  const inChat = and(eq(messages.chatId, chatId), isListed(reading))
  const own = sql`coalesce((select max(${messages.seq}) from ${messages}
    where ${and(inChat, gt(messages.seq, readSeq), sql`${messages.authorId} = ${userId}`)}), ${readSeq})`
  const [row] = await tx
    .select({ seq: messages.seq })
    .from(messages)
    .where(and(inChat, sql`${messages.seq} > ${own}`, isNull(messages.deletedAt)))
    .orderBy(asc(messages.seq))
    .limit(1)
  return row?.seq
}

/** Returns which of these messages a user has hidden. */
export async function listHiddenAmong (
  orm: Orm,
  { chatId, userId }: Pick<Reading, 'chatId' | 'userId'>,
  seqs: readonly number[]
): Promise<number[]> {
  if (userId === null || seqs.length === 0) return []
  const { seq } = hiddenMessages
  const rows = await orm
    .select({ seq })
    .from(hiddenMessages)
    .where(and(eq(hiddenMessages.chatId, chatId), eq(hiddenMessages.userId, userId), inArray(seq, [...seqs])))
  return rows.map(({ seq }) => seq)
}

/** Returns the emoji with which a user has reacted to messages, by their seqs. */
export async function findOwnReactions (
  tx: Orm,
  { chatId, userId }: Pick<Reading, 'chatId' | 'userId'>,
  rows: readonly MessageRow[]
): Promise<ReadonlyMap<number, readonly string[]>> {
  const marked = rows.flatMap(({ seq, marks }) => (marks === undefined ? [] : [seq]))
  const own = new Map<number, string[]>()
  if (userId === null || marked.length === 0) return own
  for (const { seq, emoji } of await listOwnReactions(tx, chatId, userId, marked))
    own.set(seq, [...(own.get(seq) ?? []), emoji])
  return own
}

function isVisible ({ fromSeq, userId, chatId }: Reading): SQL | undefined {
  const isShown = userId === null ? undefined : not(isHidden({ chatId, userId, seq: messages.seq }))
  return and(gt(messages.seq, fromSeq), isShown)
}

function isListed (reading: ListReading): SQL | undefined {
  const { chatId, parentSeq } = reading
  const isInList =
    parentSeq === undefined
      ? isNull(messages.parentSeq)
      : sql`${messages.seq} in (select r.seq from ${threadReplies} r
          where r.chat_id = ${chatId} and r.parent_seq = ${parentSeq})`
  return and(isVisible(reading), isInList)
}

async function list (
  tx: Orm,
  chatId: number,
  range: SQL | undefined,
  order: typeof asc,
  limit: number
): Promise<MessageRow[]> {
  checkLength(limit)
  const page = await selectPage(tx, range, order, selectChanges('page'))
    .prepare('reader_page')
    .execute({ chatId, limit })
  const rows = page.map((row): MessageRow => ({ chatId, ...row }))
  await addMarks(tx, chatId, rows)
  return rows
}
