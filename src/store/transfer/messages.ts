/** Queries that bring the logs of chats of an import. */
import { sql } from 'drizzle-orm'
import type { Orm } from '../database.ts'
import {
  chatEvents, hiddenMessages, mentions, messages, messageVersions, pins, reactionCounts, reactions, threadFollowers,
  threadReplies, threads
} from '../schema.ts'
import { type Columns, insertRows, rowsAs, type RowsOf } from './insert-rows.ts'

const OF_CHAT = { chat_id: 'bigint', seq: 'bigint' } as const satisfies Columns

/** The tables of a log, with the columns that an import fills. */
const TABLES = {
  messages: {
    table: messages,
    columns: {
      ...OF_CHAT,
      author_id: 'bigint',
      body: 'text',
      post_key: 'text',
      created_at: 'time',
      edited_at: 'time',
      deleted_at: 'time',
      version: 'integer',
      parent_seq: 'bigint',
      reply_to_seq: 'bigint',
      extra: 'json'
    }
  },
  events: {
    table: chatEvents,
    columns: { ...OF_CHAT, kind: 'text', actor_id: 'bigint', target_seq: 'bigint', data: 'json', created_at: 'time' }
  },
  versions: {
    table: messageVersions,
    columns: { ...OF_CHAT, version: 'integer', body: 'text', data: 'json', created_at: 'time' }
  },
  reactions: { table: reactions, columns: { ...OF_CHAT, user_id: 'bigint', emoji: 'text', created_at: 'time' } },
  reactionCounts: {
    table: reactionCounts, columns: { ...OF_CHAT, emoji: 'text', count: 'integer', first_seq: 'bigint' }
  },
  pins: { table: pins, columns: { ...OF_CHAT, pinned_by: 'bigint', pinned_at: 'time' } },
  mentions: { table: mentions, columns: { ...OF_CHAT, target: 'text' } },
  hidden: { table: hiddenMessages, columns: { ...OF_CHAT, user_id: 'bigint' } },
  replies: { table: threadReplies, columns: { ...OF_CHAT, parent_seq: 'bigint' } },
  threads: {
    table: threads, columns: { ...OF_CHAT, replies: 'integer', last_reply_at: 'time', participants: 'numbers' }
  },
  followers: {
    table: threadFollowers,
    columns: { chat_id: 'bigint', parent_seq: 'bigint', user_id: 'bigint', replies: 'integer', read_seq: 'bigint' }
  }
} as const

type TableName = keyof typeof TABLES
const NAMES: readonly TableName[] = [
  'messages', 'events', 'versions', 'reactions', 'reactionCounts', 'pins', 'mentions', 'hidden', 'replies', 'threads',
  'followers'
]

/** Rows of a part of a log, by their tables. */
export type LogRows = { -readonly [Name in TableName]: RowsOf<(typeof TABLES)[Name]['columns']>[number][] }

/** No rows. */
export function noLogRows (): LogRows {
  return {
    messages: [],
    events: [],
    versions: [],
    reactions: [],
    reactionCounts: [],
    pins: [],
    mentions: [],
    hidden: [],
    replies: [],
    threads: [],
    followers: []
  }
}

/** Inserts a part of the logs of chats: messages in the order of their seqs, so that their ids grow with these. */
export async function insertLog (tx: Orm, rows: LogRows): Promise<void> {
  for (const name of NAMES) {
    const { table, columns } = TABLES[name]
    await insertRows<Columns>(tx, table, columns, rows[name])
  }
}

/** What refers to a message: an event about it, a reply, or a quote. */
export type ReferenceTo = { chat_id: number, seq: number, target: number, is_parent: boolean }

/** The first reference that names no message of its chat, or the thread of a message that is in a thread itself. */
export async function findBrokenReference (
  tx: Orm, references: readonly ReferenceTo[]
): Promise<Pick<ReferenceTo, 'chat_id' | 'seq' | 'target'> | undefined> {
  if (references.length === 0) return undefined
  const columns = { chat_id: 'bigint', seq: 'bigint', target: 'bigint', is_parent: 'text' } as const
  const [row] = await tx
    .select({
      chat_id: sql`row.chat_id`.mapWith(messages.chatId),
      seq: sql`row.seq`.mapWith(messages.seq),
      target: sql`row.target`.mapWith(messages.seq)
    })
    .from(rowsAs(columns, references))
    .where(sql`not exists (select from ${messages} m where m.chat_id = row.chat_id and m.seq = row.target
      and (row.is_parent = 'false' or m.parent_seq is null))`)
    .orderBy(sql`ord`)
    .limit(1)
  return row
}

/** Derives the threads of a chat from its messages: all of them are read by those who wrote in them. */
export async function deriveThreads (tx: Orm, chatId: number): Promise<void> {
  const replies = sql`(select r.parent_seq, r.seq, m.author_id, m.created_at from ${threadReplies} r
    join ${messages} m on m.chat_id = r.chat_id and m.seq = r.seq where r.chat_id = ${chatId}) reply`
  await tx.execute(sql`update ${messages} m set extra = coalesce(m.extra, '{}') || '{"marks": true}'
    where m.chat_id = ${chatId} and m.deleted_at is null
      and m.seq in (select r.parent_seq from ${threadReplies} r where r.chat_id = ${chatId})`)
  await tx.execute(sql`insert into ${threads} (chat_id, seq, replies, last_reply_at, participants)
    select ${chatId}, parent_seq, sum(replies), max(last_at), (array_agg(author_id order by last_seq desc))[1:5]
    from (
      select parent_seq, author_id, count(*) as replies, max(created_at) as last_at, max(seq) as last_seq
      from ${replies} group by parent_seq, author_id
    ) wrote group by parent_seq`)
  await tx.execute(sql`insert into ${threadFollowers} (chat_id, parent_seq, user_id, replies, read_seq)
    select ${chatId}, parent_seq, author_id, sum(replies), max(max(last_seq)) over (partition by parent_seq)
    from (
      select parent_seq, author_id, count(*) as replies, max(seq) as last_seq from ${replies} group by 1, 2
      union all
      select r.parent_seq, m.author_id, 0, 0 from ${threadReplies} r
      join ${messages} m on m.chat_id = r.chat_id and m.seq = r.parent_seq where r.chat_id = ${chatId} group by 1, 2
    ) followers group by parent_seq, author_id`)
}
