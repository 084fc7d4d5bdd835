/** Queries that find messages in the index of search, to be run in one snapshot. */
import { and, eq, isNull, not, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isHidden } from './hidden.ts'
import { type MessageChanges, type MessageRow, selectChanges } from './messages.ts'
import { blocks, messages, searchBlocks, searchEntries, users } from './schema.ts'

/** The place of a message in the order of results: by time, chat and seq. `at` is in milliseconds since 1970. */
export type SearchPosition = { at: number, chatId: number, seq: number }

/** A part of the results: those of one block of a chat. `at` and `seq` bound those that were not looked at yet. */
export type SearchStream = { chatId: number, key: string, fromSeq: number, at: number, seq: number }

/** What is looked for in each block. */
export type StreamSearch = {
  /** Language of `tsquery`, with a placeholder for the key of the block. */
  query: string
  placeholder: string
  userId: number | null
  authorId: number | undefined
  /** Both are exclusive, in milliseconds since 1970. */
  after: number
  before: number
  /** The oldest first, instead of the newest. */
  isAscending: boolean
  limit: number
}

/** A message that the index has found. `isShown` says whether the reader sees it. */
export type SearchHit = { stream: number, seq: number, at: number, isShown: boolean, row: MessageRow | undefined }

/** A block of a chat and its times, in milliseconds since 1970. */
export type SearchBlock = { chatId: number, block: number, firstAt: number, lastAt: number }

const CHANGES: SQL<MessageChanges | null> = selectChanges('messages')

/** Prepares a transaction for searches: compiling their statements would take longer than running them. */
export async function prepareSearch (tx: Orm): Promise<void> {
  await tx.execute(sql`set local jit = off`)
}

/** The blocks of these chats. */
export async function listSearchBlocks (orm: Orm, chatIds: readonly number[]): Promise<SearchBlock[]> {
  const ms = (time: SQL) => sql<number>`(extract(epoch from ${time}) * 1000)::float8`
  return orm
    .select({
      chatId: searchBlocks.chatId,
      block: searchBlocks.block,
      firstAt: ms(sql`${searchBlocks.firstAt}`),
      lastAt: ms(sql`${searchBlocks.lastAt}`)
    })
    .from(searchBlocks)
    .where(sql`${searchBlocks.chatId} = any (${`{${chatIds.join()}}`}::text::bigint[])`)
}

/**
 * Looks for messages in these blocks: in each for the first ones behind its position. A look-up by the key of a block
 * costs the same however long the other chats are.
 */
export async function searchStreams (
  tx: Orm, streams: readonly SearchStream[], search: StreamSearch
): Promise<SearchHit[]> {
  const { query, placeholder, userId, authorId, after, before, isAscending, limit } = search
  const time = (ms: SQL) => sql`timestamptz 'epoch' + ${ms} * interval '1 millisecond'`
  const order = isAscending ? sql`asc` : sql`desc`
  // Found first, and joined then: the planner does not know how few they are.
  const hits = sql`(with found as materialized (
    select s.n, s.c as chat_id, hit.seq, hit.created_at
    from json_to_recordset(${JSON.stringify(streams.map(encodeStream))}::text::json)
      s(n integer, c bigint, k text, f bigint, a float8, q bigint)
    cross join lateral (
      select e.seq, e.created_at from ${searchEntries} e
      where e.words @@ replace(${query}, ${placeholder}, s.k)::tsquery
        and e.seq > s.f and ${authorId === undefined ? sql`true` : sql`e.author_id = ${authorId}`}
        and e.created_at > ${time(sql`${after}::float8`)} and e.created_at < ${time(sql`${before}::float8`)}
        and (e.created_at, e.seq) ${isAscending ? sql`>` : sql`<`} (${time(sql`s.a`)}, s.q)
      order by e.created_at ${order}, e.seq ${order}
      limit ${limit}
    ) hit) select * from found)`
  const isShown = and(
    isNull(messages.deletedAt),
    not(isHidden({ chatId: messages.chatId, userId, seq: messages.seq })),
    sql`not exists (select from ${blocks} b where b.user_id = ${userId} and b.blocked_id = ${messages.authorId})`
  ) ?? sql`true`
  const rows = await tx
    .select({
      stream: sql<number>`hits.n`,
      seq: messages.seq,
      isShown: sql<boolean>`${isShown}`,
      chatId: messages.chatId,
      id: messages.id,
      authorId: messages.authorId,
      username: users.username,
      text: messages.body,
      postKey: messages.postKey,
      at: messages.createdAt,
      changes: CHANGES
    })
    .from(sql`${hits} hits`)
    .innerJoin(messages, and(eq(messages.chatId, sql`hits.chat_id`), eq(messages.seq, sql`hits.seq`)))
    .innerJoin(users, eq(users.id, messages.authorId))
  return rows.map(({ stream, isShown, ...row }) =>
    ({ stream, seq: row.seq, at: row.at.getTime(), isShown, row: isShown ? row : undefined }))
}

function encodeStream ({ chatId, key, fromSeq, at, seq }: SearchStream, index: number): object {
  return { n: index, c: chatId, k: key, f: fromSeq, a: at, q: seq }
}
