/** Queries that bring chats of an import. A chat is hidden until all of it is stored: it has a head, and no row. */
import { and, eq, sql } from 'drizzle-orm'
import type { Orm } from '../database.ts'
import { chatBans, chatEvents, chatHeads, chats, followedChats, messages, participants } from '../schema.ts'
import { indexAppearedChat } from '../search-index.ts'
import { type Columns, insertRows, rowsAs, type RowsOf } from './insert-rows.ts'

/** A chat to make: a direct chat has the two users, the lower number first. */
export type ChatToInsert = {
  chatId: number
  pair: readonly [low: number, high: number] | null
  type: string
  name: string | null
  createdAt: string | null
  createdBy: number | null
  publicId: string | null
  description: string | null
  avatar: string | null
  data: Record<string, unknown> | null
  version: number
  frozenAt: string | null
}

/** The state of the head of a chat. */
export type HeadToWrite = {
  chatId: number
  lastSeq: number
  /** Null where no message was posted: then that of the chat. */
  lastAt: string | null
  membersVersion: number
  memberCount: number | null
  closedAt: string | null
}

const MEMBER = {
  user_id: 'bigint',
  from_seq: 'bigint',
  joined_at: 'time',
  read_seq: 'bigint',
  read_at: 'time',
  role: 'text',
  archived_at: 'time',
  added_by: 'bigint',
  muted_at: 'time',
  pinned_at: 'time',
  notifications: 'text',
  data: 'json'
} as const satisfies Columns

/** A member to add. Without a `read_seq` everything up to `read_at` is read, and without that everything. */
export type MemberToInsert = RowsOf<typeof MEMBER>[number]

/** Whether a chat has this id, or is that of these two. */
export async function isChatThere (
  orm: Orm, { publicId, pair }: Pick<ChatToInsert, 'publicId' | 'pair'>
): Promise<boolean> {
  if (publicId === null && pair === null) return false
  const rows = await orm.select({ id: chats.id }).from(chats).where(pair === null
    ? eq(chats.publicId, publicId ?? '')
    : and(eq(chats.userLow, pair[0]), eq(chats.userHigh, pair[1])))
  return rows.length > 0
}

/**
 * Takes a number for a chat that is hidden for now.
 * @param wanted the one that it had, to be kept if it is free
 */
export async function reserveChat (tx: Orm, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined && await isFree(tx, wanted)) {
    await tx.execute(sql`select count(nextval('chats_id_seq')) from generate_series(
      (select case when is_called then last_value + 1 else last_value end from chats_id_seq), ${wanted}::bigint)`)
    if (await insertHead(tx, wanted)) return wanted
  }
  const [next] = await tx.select({ id: sql`nextval('chats_id_seq')`.mapWith(chats.id) }).from(sql`(select) one`)
  if (next === undefined || !await insertHead(tx, next.id)) throw new Error('There is no number for another chat.')
  return next.id
}

async function isFree (tx: Orm, chatId: number): Promise<boolean> {
  const [row] = await tx.select({
    isTaken: sql<boolean>`exists (select from ${chats} c where c.id = ${chatId})
      or exists (select from ${messages} m where m.chat_id = ${chatId})
      or exists (select from ${chatEvents} e where e.chat_id = ${chatId})`
  }).from(sql`(select) one`)
  return row?.isTaken === false
}

async function insertHead (tx: Orm, chatId: number): Promise<boolean> {
  const rows = await tx.insert(chatHeads).values({ chatId, memberCount: 0 }).onConflictDoNothing()
    .returning({ chatId: chatHeads.chatId })
  return rows.length > 0
}

/** Notes how far the logs of hidden chats are. */
export async function advanceHeads (tx: Orm, heads: readonly { chat_id: number, last_seq: number }[]): Promise<void> {
  if (heads.length === 0) return
  await tx.execute(sql`update ${chatHeads} h set last_seq = row.last_seq
    from ${rowsAs({ chat_id: 'bigint', last_seq: 'bigint' } as const, heads)} where h.chat_id = row.chat_id`)
}

/** Shows a chat: from the commit on it is there. @returns false when there is another one of its id or its pair */
export async function showChat (tx: Orm, chat: ChatToInsert, head: HeadToWrite): Promise<boolean> {
  const [low, high] = chat.pair ?? [-chat.chatId, 0]
  const created = sql`coalesce(${chat.createdAt}::text::timestamptz, now())`
  const inserted = await tx
    .insert(chats)
    .select(
      sql`select ${chat.chatId}::bigint, ${low}::bigint, ${high}::bigint, ${created}, ${chat.type}::text,
        ${chat.name}::text, ${chat.createdBy}::bigint, ${chat.publicId}::text, ${chat.description}::text,
        ${chat.avatar}::text, ${chat.data === null ? null : JSON.stringify(chat.data)}::text::jsonb,
        ${chat.version}::integer, ${chat.frozenAt}::text::timestamptz`
    )
    .onConflictDoNothing()
    .returning({ id: chats.id })
  if (inserted.length === 0) return false
  // Followers may have seen a part of its log, and would take the rest for new.
  await tx.delete(followedChats).where(eq(followedChats.chatId, chat.chatId))
  // Search has to find the old history, too, which followers do not get.
  await indexAppearedChat(tx, chat.chatId, head.lastSeq)
  // Triggers write down who may post as soon as something is said of it.
  await tx.update(chatHeads).set({
    lastSeq: head.lastSeq,
    lastAt: sql`coalesce(${head.lastAt}::text::timestamptz, ${created})`,
    membersVersion: head.membersVersion,
    memberCount: head.memberCount,
    closedAt: sql`${head.closedAt}::text::timestamptz`,
    postRoles: null
  }).where(eq(chatHeads.chatId, chat.chatId))
  return true
}

/** Adds the members of a chat that is being shown. */
export async function insertImportedMembers (
  tx: Orm, { chatId, lastSeq }: { chatId: number, lastSeq: number }, rows: readonly MemberToInsert[]
): Promise<void> {
  if (rows.length === 0) return
  const readUpTo = sql`coalesce((select m.seq from ${messages} m
    where m.chat_id = ${chatId} and m.created_at <= row.read_at order by m.seq desc limit 1), 0)`
  await tx.execute(sql`insert into ${participants} (chat_id, user_id, from_seq, joined_at, read_seq, role, archived_at,
      added_by, muted_at, pinned_at, notifications, data)
    select ${chatId}, user_id, least(coalesce(from_seq, 0), ${lastSeq}::bigint), coalesce(joined_at, now()),
      least(coalesce(read_seq, case when row.read_at is null then ${lastSeq}::bigint else ${readUpTo} end),
        ${lastSeq}::bigint),
      role, archived_at, added_by, muted_at, pinned_at, notifications, data
    from ${rowsAs(MEMBER, rows)} order by user_id`)
}

const BAN = {
  chat_id: 'bigint',
  user_id: 'bigint',
  banned_by: 'bigint',
  key_id: 'text',
  reason: 'text',
  created_at: 'time',
  until: 'time'
} as const satisfies Columns

/** Adds the bans from chats that are being shown. */
export async function insertImportedBans (tx: Orm, rows: RowsOf<typeof BAN>): Promise<void> {
  await insertRows(tx, chatBans, BAN, rows)
}
