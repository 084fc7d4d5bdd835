/** The log of a chat: messages and other events, merged by seq. */
import { and, asc, eq, gt, sql, type SQL } from 'drizzle-orm'
import { alias, type PgTable } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import { addMarks, hasMarks } from './marks.ts'
import { checkLength, type MessageChanges, type MessageRow, selectChanges, selectPage, unseen } from './messages.ts'
import { oncePerDatabase } from './prepared.ts'
import { chatEvents, messages, participants, users } from './schema.ts'

/** A row of `chat_events` with what it refers to, as that is now. */
export type EventRow = {
  chatId: number
  seq: number
  kind: string
  actorId: number | null
  at: Date
  data: unknown
  /** The message that the event is about. */
  target: MessageRow | null
  /** The name of the user in `data.userId`. */
  memberName: string | null
  /** The name of the actor. */
  actorName: string | null
}

/** An entry of a log; an event is the one with a `kind`. */
export type LogRow = MessageRow | EventRow

/**
 * The statements that read a page. As a rule there are messages alone, which the first ones read, together with the seq
 * of the first event after the position. The others merge both tables, limited by their index before; see `messages.ts`
 * for the constant limit and the parameters in sub-selects.
 */
const pages = oncePerDatabase((orm) => {
  const [chat, after, limit] = [unseen('chatId'), unseen('after'), unseen('limit')]
  const fromSeq = orm
    .select({ fromSeq: participants.fromSeq })
    .from(participants)
    .where(and(eq(participants.chatId, chat), eq(participants.userId, sql.placeholder('userId'))))

  const firstOf = (table: PgTable, columns: SQL, range: SQL | undefined) => sql`(select ${columns}
    from (select * from ${table} where ${range} order by seq limit 1000) longest order by seq limit ${limit})`

  const prepare = (name: string, rangeOf: (seq: typeof messages.seq | typeof chatEvents.seq) => SQL | undefined) => {
    const ofMessages = firstOf(
      messages,
      sql`chat_id, seq, null::text as kind, author_id, null::bigint as target_seq, null::jsonb as data, created_at, id,
        body, post_key, edited_at, deleted_at, version, parent_seq, reply_to_seq, extra`,
      and(eq(messages.chatId, chat), rangeOf(messages.seq))
    )
    const ofEvents = firstOf(
      chatEvents,
      sql`chat_id, seq, kind, actor_id, target_seq, data, created_at, null::bigint, null::text, null::text,
        null::timestamptz, null::timestamptz, null::integer, null::bigint, null::bigint, null::jsonb`,
      and(eq(chatEvents.chatId, chat), rangeOf(chatEvents.seq))
    )
    const page = sql`(select * from (${ofMessages} union all ${ofEvents}) merged order by seq limit ${limit}) page`
    return selectMerged(orm, page).prepare(name)
  }
  const firstEvent = sql`(select min(${chatEvents.seq}) from ${chatEvents}
    where ${and(eq(chatEvents.chatId, chat), gt(chatEvents.seq, after))})`
  // One column for both, which is null as a rule. The sub-select is executed once per page.
  const changesOrEvent = selectChanges<MessageChanges | number | null>('page', sql`to_json(${firstEvent})`)
  // A user who is no member has no `fromSeq`, and no seq is greater than null.
  const rangeAs = (seq: typeof messages.seq | typeof chatEvents.seq) => and(gt(seq, after), gt(seq, sql`(${fromSeq})`))
  return {
    messages: selectPage(orm, gt(messages.seq, after), asc, changesOrEvent).prepare('log_messages'),
    messagesAs: selectPage(orm, rangeAs(messages.seq), asc, changesOrEvent).prepare('log_messages_as'),
    merged: prepare('log_merged', (seq) => gt(seq, after)),
    mergedAs: prepare('log_merged_as', rangeAs)
  }
})

/** The query of a page of both tables, with the messages that its events are about. */
function selectMerged (orm: Orm, page: SQL) {
  const [author, member, actor] = [alias(users, 'author'), alias(users, 'member'), alias(users, 'actor')]
  return orm
    .select({
      chatId: sql`page.chat_id`.mapWith(messages.chatId),
      seq: sql`page.seq`.mapWith(messages.seq),
      kind: sql<string | null>`page.kind`,
      actorId: sql<number | null>`page.author_id`.mapWith(messages.authorId),
      at: sql`page.created_at`.mapWith(messages.createdAt),
      data: sql<unknown>`page.data`.mapWith(chatEvents.data),
      messageSeq: sql`coalesce(target.seq, page.seq)`.mapWith(messages.seq),
      id: sql`coalesce(target.id, page.id)`.mapWith(messages.id),
      authorId: sql<number>`coalesce(target.author_id, page.author_id)`.mapWith(messages.authorId),
      username: author.username,
      text: sql<string | null>`coalesce(target.body, page.body)`,
      postKey: sql<string | null>`coalesce(target.post_key, page.post_key)`,
      postedAt: sql`coalesce(target.created_at, page.created_at)`.mapWith(messages.createdAt),
      changes: sql<MessageChanges | null>`coalesce(${selectChanges('target')}, ${selectChanges('page')})`,
      memberName: member.username,
      actorName: actor.username
    })
    .from(page)
    .leftJoin(sql`${messages} target`, sql`target.chat_id = page.chat_id and target.seq = page.target_seq`)
    .leftJoin(author, eq(author.id, sql`coalesce(target.author_id, page.author_id)`))
    .leftJoin(member, eq(member.id, sql`(page.data ->> 'userId')::bigint`))
    .leftJoin(actor, and(eq(actor.id, sql`page.author_id`), sql`page.kind is not null`))
    .orderBy(asc(sql`page.seq`))
}

type Statements = ReturnType<typeof pages>

type MessagesPage = Awaited<ReturnType<Statements['messages']['execute']>>
type PageRow = Awaited<ReturnType<Statements['merged']['execute']>>[number]

/** Returns at most `LONGEST_PAGE` entries of the log of a chat with `after < seq`, oldest first. */
export async function listLogAfter (orm: Orm, chatId: number, after: number, limit: number): Promise<LogRow[]> {
  checkLength(limit)
  const values = { chatId, after, limit }
  const page = await pages(orm).messages.execute(values)
  const rows = messagesIn(chatId, page, limit) ?? (await pages(orm).merged.execute(values)).map(entryOf)
  return withMarks(orm, chatId, rows)
}

/** The same for a member of the chat, empty for others; membership is checked in the same snapshot. */
export async function listLogAfterAs (
  orm: Orm,
  userId: number,
  chatId: number,
  after: number,
  limit: number
): Promise<LogRow[]> {
  checkLength(limit)
  const values = { userId, chatId, after, limit }
  const page = await pages(orm).messagesAs.execute(values)
  const rows = messagesIn(chatId, page, limit) ?? (await pages(orm).mergedAs.execute(values)).map(entryOf)
  return withMarks(orm, chatId, rows)
}

/** Adds the marks of the messages in a page to them: with one query if any has some, which is none as a rule. */
async function withMarks (orm: Orm, chatId: number, rows: LogRow[]): Promise<LogRow[]> {
  let marked: MessageRow[] | undefined
  for (const row of rows) {
    const message = 'kind' in row ? row.target : row
    if (message !== null && hasMarks(message)) (marked ??= []).push(message)
  }
  if (marked !== undefined) await addMarks(orm, chatId, marked)
  return rows
}

/** The entries of a page; undefined when there may be others among or after the messages. */
function messagesIn (chatId: number, page: MessagesPage, limit: number): LogRow[] | undefined {
  const last = page.at(-1)
  if (last === undefined) return undefined
  // A message without changes tells which event is the first; one that was changed, that there is one.
  const firstEvent = page.find(({ changes }) => !Array.isArray(changes))?.changes
  if (firstEvent !== null) {
    const isBehind = typeof firstEvent === 'number' && firstEvent > last.seq && page.length === limit
    if (!isBehind) return undefined
  }
  // Field by field, which is several times as fast as copying all of them.
  return page.map(({ seq, id, authorId, username, text, postKey, at, changes }) => ({
    chatId, seq, id, authorId, username, text, postKey, at, changes: Array.isArray(changes) ? changes : null
  }))
}

function entryOf (row: PageRow): LogRow {
  const { chatId, seq, kind, actorId, at, data, memberName, actorName } = row
  const message = messageIn(row)
  if (kind !== null) return { chatId, seq, kind, actorId, at, data, memberName, actorName, target: message }
  if (message === null) throw new Error(`Seq ${String(seq)} of chat ${String(chatId)} is neither message nor event.`)
  return message
}

/** The message of an entry: its own, or the one that the event is about. */
function messageIn (row: PageRow): MessageRow | null {
  const { chatId, messageSeq, id, authorId, username, text, postKey, postedAt, changes } = row
  if (text === null || postKey === null) return null
  return {
    chatId,
    seq: messageSeq,
    id,
    authorId,
    username: username ?? '',
    text,
    postKey,
    at: postedAt,
    changes
  }
}
