/** Queries on read marks: the seq up to which a member has read a chat, or a thread in it. */
import { and, asc, eq, lt, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import {
  chatHeads, chats, chatTypes, hiddenReceipts, messages, participants, threadFollowers, users
} from './schema.ts'
import { inList } from './sql.ts'

/**
 * Number of newest messages of a chat that are searched for those of a member: what is before a post has been read by
 * its author, and storing that with each post would make it dearer.
 */
export const OWN_POST_WINDOW = 1_000

/** A mark to set. Without `parentSeq` it is that of the chat. */
export type MarkRequest = { chatId: number, userId: number, seq: number, parentSeq: number | undefined }

/** A mark after a request. */
export type MarkRow = {
  /** The id of the chat that the application has chosen, if it has. */
  chosenId: string | null
  username: string
  seq: number
  /** Whether it has grown. */
  isMoved: boolean
  /** Whether the message is there whose thread it is. */
  isThread: boolean
  /** Whether other members may know it: not if the user does not want it, or the type of the chat. */
  isShared: boolean
  /** Number of members, counted to one more than the limit. */
  members: number
}

/** The mark of a member. */
export type ReceiptRow = { userId: number, username: string, seq: number }

/** Whether the type of a chat has receipts. */
const hasReceipts = (chatId: SQL) => sql<boolean>`exists (select from ${chats} c join ${chatTypes} t on t.type = c.type
  where c.id = ${chatId} and (t.definition -> 'features' ->> 'receipts')::boolean)`

/** Number of members of a chat, counted to one more than a limit. */
const countMembers = (chatId: SQL, limit: SQL) => sql`(select count(*) from (
  select from ${participants} p where p.chat_id = ${chatId} limit ${limit} + 1) members)`.mapWith(Number)

const statements = oncePerDatabase((orm) => {
  const [chat, user] = [sql`${sql.placeholder('chatId')}::bigint`, sql`${sql.placeholder('userId')}::bigint`]
  const parent = sql`${sql.placeholder('parentSeq')}::bigint`
  const wanted = sql`least(${sql.placeholder('seq')}::bigint,
    (select h.last_seq from ${chatHeads} h where h.chat_id = ${chat}))`
  const isMember = and(eq(participants.chatId, chat), eq(participants.userId, user))
  const columns = {
    username: users.username,
    chosenId: sql<string | null>`(select c.public_id from ${chats} c where c.id = ${chat})`,
    isShared: sql<boolean>`${hasReceipts(chat)} and not exists (
      select from ${hiddenReceipts} r where r.user_id = ${user})`,
    members: countMembers(chat, sql`${sql.placeholder('maxMembers')}::bigint`)
  }
  const ofChat = orm.$with('moved').as(
    orm.update(participants).set({ readSeq: wanted }).where(and(isMember, lt(participants.readSeq, wanted)))
      .returning({ readSeq: participants.readSeq })
  )
  const { readSeq, chatId, userId, parentSeq } = threadFollowers
  const ofThread = orm.$with('moved').as(
    orm.update(threadFollowers).set({ readSeq: wanted })
      .where(and(eq(chatId, chat), eq(parentSeq, parent), eq(userId, user), lt(readSeq, wanted),
        sql`exists (select from ${participants} p where p.chat_id = ${chat} and p.user_id = ${user})`))
      .returning({ readSeq })
  )
  return {
    ofChat: orm
      .with(ofChat)
      .select({
        ...columns,
        seq: sql`coalesce(${ofChat.readSeq}, ${participants.readSeq})`.mapWith(participants.readSeq),
        isMoved: sql<boolean>`${ofChat.readSeq} is not null`,
        isThread: sql<boolean>`true`
      })
      .from(participants)
      .innerJoin(users, eq(users.id, participants.userId))
      .leftJoin(ofChat, sql`true`)
      .where(isMember)
      .prepare('mark_chat_read'),
    ofThread: orm
      .with(ofThread)
      .select({
        ...columns,
        seq: sql`coalesce(${ofThread.readSeq}, ${readSeq}, 0)`.mapWith(readSeq),
        isMoved: sql<boolean>`${ofThread.readSeq} is not null`,
        isThread: sql<boolean>`exists (select from ${messages} m where m.chat_id = ${chat} and m.seq = ${parent}
          and m.seq > ${participants.fromSeq})`
      })
      .from(participants)
      .innerJoin(users, eq(users.id, participants.userId))
      .leftJoin(threadFollowers, and(eq(chatId, chat), eq(parentSeq, parent), eq(userId, user)))
      .leftJoin(ofThread, sql`true`)
      .where(isMember)
      .prepare('mark_thread_read')
  }
})

/**
 * Records that a member has read up to a seq, at most the head; the mark never goes back. That of a thread is kept for
 * those who follow it.
 * @param maxMembers the number of members that are counted
 * @returns undefined when the user is no member
 */
export async function markRead (
  orm: Orm,
  { parentSeq, ...request }: MarkRequest,
  maxMembers: number
): Promise<MarkRow | undefined> {
  const [row] = parentSeq === undefined
    ? await statements(orm).ofChat.execute({ ...request, maxMembers })
    : await statements(orm).ofThread.execute({ ...request, parentSeq, maxMembers })
  return row
}

/**
 * The marks of the members of a chat, by user id: of those who let others know theirs, and of one user.
 * @returns undefined when the chat has more members than so many, or its type no receipts
 */
export async function listReceipts (
  orm: Orm,
  chatId: number,
  { userId, maxMembers }: { userId: number | null, maxMembers: number }
): Promise<ReceiptRow[] | undefined> {
  const chat = sql`${chatId}::bigint`
  const [shared] = await orm.select({
    isShared: sql<boolean>`${hasReceipts(chat)} and ${countMembers(chat, sql`${maxMembers}::bigint`)} <= ${maxMembers}`
  }).from(sql`(select) one`)
  if (shared?.isShared !== true) return undefined
  const own = sql`(
    select author_id, max(seq) as seq from (
      select author_id, seq from ${messages} m where m.chat_id = ${chatId} and m.parent_seq is null
      order by seq desc limit ${OWN_POST_WINDOW}
    ) recent group by author_id) own`
  return orm
    .select({
      userId: participants.userId,
      username: users.username,
      seq: sql`greatest(${participants.readSeq}, own.seq)`.mapWith(participants.readSeq)
    })
    .from(participants)
    .innerJoin(users, eq(users.id, participants.userId))
    .leftJoin(own, sql`own.author_id = ${participants.userId}`)
    .where(and(
      eq(participants.chatId, chatId),
      sql`(${participants.userId} = ${userId} or not exists (
        select from ${hiddenReceipts} r where r.user_id = ${participants.userId}))`
    ))
    .orderBy(asc(participants.userId))
}

/**
 * The stored marks that a user may know in those of these chats that the user is in: the own one, and where there are
 * receipts those of others.
 */
export async function listReceiptsOf (
  orm: Orm,
  userId: number,
  { chatIds, maxMembers }: { chatIds: readonly number[], maxMembers: number }
): Promise<(ReceiptRow & { chatId: number })[]> {
  const max = sql`${maxMembers}::bigint`
  const chat = sql`mine.chat_id`
  // Without the gate before it the members of a large chat would be read and thrown away.
  const known = sql`(
    select mine.user_id, mine.read_seq
    union all
    select p.user_id, p.read_seq from ${participants} p
    where p.chat_id = mine.chat_id and gate.is_open and p.user_id <> mine.user_id
      and not exists (select from ${hiddenReceipts} r where r.user_id = p.user_id))`
  return orm
    .select({
      chatId: sql`mine.chat_id`.mapWith(participants.chatId),
      userId: users.id,
      username: users.username,
      seq: sql`known.read_seq`.mapWith(participants.readSeq)
    })
    .from(sql`${participants} mine`)
    .innerJoin(
      sql`lateral (select ${hasReceipts(chat)} and ${countMembers(chat, max)} <= ${max} as is_open offset 0) gate`,
      sql`true`
    )
    .innerJoin(sql`lateral ${known} known`, sql`true`)
    .innerJoin(users, sql`${users.id} = known.user_id`)
    .where(and(sql`mine.user_id = ${userId}`, inList(sql`mine.chat_id`, `{${chatIds.join()}}`, 'bigint')))
}
