/** Queries that keep the index of search. */
import { and, between, eq, inArray, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { chatEvents, chatHeads, chats, followers, jobs, type MessageExtra, messages, searchBlocks, searchEntries } from
  './schema.ts'

/** The kind of the jobs of search, and the name of its follower. */
export const SEARCH_KIND = 'search'
/** The key of the job that indexes what is there. */
const REBUILD_KEY = 'rebuild'
/** Messages of a chat whose words have the same key. */
export const BLOCK_SIZE = 4_096
const RADIX = 36

/** A message to index. */
export type MessageToIndex = {
  seq: number
  authorId: number
  text: string
  at: Date
  isDeleted: boolean
  extra: MessageExtra | null
}

/** The block of a message. */
export function blockOf (seq: number): number {
  return Math.floor(seq / BLOCK_SIZE)
}

/** What the words of a block begin with in the index. */
export function blockKey (chatId: number, block: number): string {
  return `${chatId.toString(RADIX)}.${block.toString(RADIX)}:`
}

/**
 * Brings the entries of a range of a log up to date: those of its messages, and of those that its events have changed.
 * It may be repeated. Nothing that was deleted meanwhile gets an entry.
 * @param termsOf the words of a message
 */
export async function indexRange (
  orm: Orm,
  { chatId, from, to }: { chatId: number, from: number, to: number },
  termsOf: (message: MessageToIndex) => Iterable<string>
): Promise<void> {
  await orm.transaction(async (tx) => {
    await tx.execute(sql`select lock_search(${chatId})`)
    const changed = tx.select({ seq: chatEvents.targetSeq }).from(chatEvents).where(and(
      eq(chatEvents.chatId, chatId), between(chatEvents.seq, from, to), eq(chatEvents.kind, 'message.edited')
    ))
    // A chat that an import has not finished has no row, and what it had is gone with one that is deleted.
    const found = await tx
      .select({
        seq: messages.seq, authorId: messages.authorId, text: messages.body, at: messages.createdAt,
        isDeleted: sql<boolean>`${messages.deletedAt} is not null`, extra: messages.extra
      })
      .from(messages)
      .innerJoin(chats, eq(chats.id, messages.chatId))
      .where(and(
        eq(messages.chatId, chatId), or(between(messages.seq, from, to), inArray(messages.seq, changed))
      ))
    await writeEntries(tx, chatId, found, termsOf)
  })
}

async function writeEntries (
  tx: Orm, chatId: number, found: readonly MessageToIndex[], termsOf: (message: MessageToIndex) => Iterable<string>
): Promise<void> {
  const entries = found.map((message) => {
    const key = blockKey(chatId, blockOf(message.seq))
    const words = message.isDeleted ? [] : [...termsOf(message)].map((term) => key + term)
    return { seq: message.seq, author: message.authorId, at: message.at.toISOString(), words }
  })
  const gone = entries.filter(({ words }) => words.length === 0).map(({ seq }) => seq)
  if (gone.length > 0)
    await tx.delete(searchEntries).where(and(eq(searchEntries.chatId, chatId), inArray(searchEntries.seq, gone)))
  const present = entries.filter(({ words }) => words.length > 0)
  if (present.length === 0) return
  await tx.execute(sql`insert into ${searchEntries} (chat_id, seq, author_id, created_at, words)
    select ${chatId}, e.seq, e.author, e.at, array_to_tsvector(e.words)
    from json_to_recordset(${JSON.stringify(present)}::text::json)
      as e(seq bigint, author bigint, at timestamptz, words text[])
    on conflict (chat_id, seq) do update set words = excluded.words
    where search_entries.words <> excluded.words`)
  for (const block of new Set(present.map(({ seq }) => blockOf(seq)))) {
    const times = found.flatMap(({ seq, at }) => blockOf(seq) === block ? [at.getTime()] : [])
    const [first, last] = [times.reduce((one, other) => Math.min(one, other)), times.reduce((a, b) => Math.max(a, b))]
    await tx.insert(searchBlocks).values({ chatId, block, firstAt: new Date(first), lastAt: new Date(last) })
      .onConflictDoUpdate({
        target: [searchBlocks.chatId, searchBlocks.block],
        set: {
          firstAt: sql`least(${searchBlocks.firstAt}, excluded.first_at)`,
          lastAt: sql`greatest(${searchBlocks.lastAt}, excluded.last_at)`
        },
        setWhere: sql`excluded.first_at < ${searchBlocks.firstAt} or excluded.last_at > ${searchBlocks.lastAt}`
      })
  }
}

/** Removes what the index has of a chat, in the transaction that deletes the chat. */
export async function removeFromSearch (tx: Orm, chatId: number): Promise<void> {
  await tx.execute(sql`select lock_search(${chatId})`)
  await tx.delete(searchEntries).where(eq(searchEntries.chatId, chatId))
  await tx.delete(searchBlocks).where(eq(searchBlocks.chatId, chatId))
}

/** The first chat after one, with its head; undefined after the last. */
export async function findNextChat (
  orm: Orm, after: number
): Promise<{ chatId: number, lastSeq: number } | undefined> {
  const [row] = await orm.select({ chatId: chats.id, lastSeq: chatHeads.lastSeq }).from(chats)
    .innerJoin(chatHeads, eq(chatHeads.chatId, chats.id))
    .where(sql`${chats.id} > ${after}`).orderBy(chats.id).limit(1)
  return row
}

/** Has search follow the logs; what is there already is indexed by a job. It changes nothing when it does. */
export async function startSearch (orm: Orm): Promise<void> {
  await orm.transaction(async (tx) => {
    const added = await tx.insert(followers).values({ name: SEARCH_KIND }).onConflictDoNothing().returning()
    if (added.length > 0) await rebuildSearch(tx)
  })
}

/** Has search follow no longer. Entries remain, without those of messages that are deleted from now on. */
export async function stopSearch (orm: Orm): Promise<void> {
  await orm.transaction(async (tx) => {
    await tx.delete(followers).where(eq(followers.name, SEARCH_KIND))
    await tx.delete(jobs).where(eq(jobs.kind, SEARCH_KIND))
  })
}

/** Has everything be indexed again, from the first chat on. */
export async function rebuildSearch (orm: Orm): Promise<void> {
  const payload = { rebuild: true, chat: 0, seq: 0 }
  await orm.insert(jobs).values({ kind: SEARCH_KIND, key: REBUILD_KEY, payload })
    .onConflictDoUpdate({
      target: [jobs.kind, jobs.target, jobs.key],
      targetWhere: sql`${jobs.failedAt} is null and ${jobs.key} is not null`,
      set: { payload, revision: sql`${jobs.revision} + 1` }
    })
}

/** Has the history of a chat be indexed that has appeared at once. */
export async function indexAppearedChat (tx: Orm, chatId: number, lastSeq: number): Promise<void> {
  await tx.execute(sql`insert into ${jobs} (kind, key, payload)
    select f.name, 'chat ' || ${chatId}::bigint,
      jsonb_build_object('chat', ${chatId}::bigint, 'from', 1, 'to', ${lastSeq}::bigint)
    from ${followers} f where f.name = ${SEARCH_KIND}
    on conflict do nothing`)
}

/** How far the index is. */
export type SearchState = {
  isOn: boolean
  messages: number
  chats: number
  waiting: number
  /** The chat that a rebuild has come to, and the last one; undefined when none is under way. */
  rebuild: { chat: number, last: number } | undefined
}

/** Reads how far the index is. The number of messages is an estimate. */
export async function readSearchState (orm: Orm): Promise<SearchState> {
  const [row] = await orm
    .select({
      isOn: sql<boolean>`exists (select from ${followers} f where f.name = ${SEARCH_KIND})`,
      messages: sql<number>`(select case when c.reltuples < 10000 then (select count(*) from ${searchEntries})
        else c.reltuples end from pg_class c where c.oid = 'search_entries'::regclass)::float8`,
      chats: sql<number>`(select count(distinct b.chat_id) from ${searchBlocks} b)::integer`,
      waiting: sql<number>`(select count(*) from ${jobs} j where j.kind = ${SEARCH_KIND} and j.failed_at is null
        and j.key <> ${REBUILD_KEY})::integer`,
      rebuild: sql<SearchState['rebuild'] | null>`(select json_build_object('chat', j.payload -> 'chat', 'last',
        (select coalesce(max(c.id), 0) from ${chats} c)) from ${jobs} j
        where j.kind = ${SEARCH_KIND} and j.key = ${REBUILD_KEY} and j.failed_at is null)`
    })
    .from(sql`(values (1)) once`)
  return { isOn: false, messages: 0, chats: 0, waiting: 0, ...row, rebuild: row?.rebuild ?? undefined }
}
