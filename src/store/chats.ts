/** Queries on chats, their heads and their members. */
import { and, desc, eq, lt, type Placeholder, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { inList } from './sql.ts'
import { oncePerDatabase } from './prepared.ts'
import { chatHeads, chats, messages, participants, users } from './schema.ts'

/** A chat in a member's list. */
export type ChatSummary = { chatId: number, otherId: number, otherName: string, lastSeq: number, lastAt: Date }
/** The position of a chat: its last seq and the version of its membership. */
export type ChatHead = { chatId: number, lastSeq: number, membersVersion: number }
/** A member's view of a chat: its head, the seq after which messages are visible, and the seq of the read mark. */
export type Membership = ChatHead & { fromSeq: number, readSeq: number }

/** Inserts the chat of a pair. @returns its id, or undefined when the pair has one */
export async function insertChat (orm: Orm, userLow: number, userHigh: number): Promise<number | undefined> {
  const [row] = await orm.insert(chats).values({ userLow, userHigh }).onConflictDoNothing().returning({ id: chats.id })
  if (row === undefined) return undefined
  await orm.insert(chatHeads).values({ chatId: row.id })
  await orm.insert(participants).values([
    { chatId: row.id, userId: userLow },
    { chatId: row.id, userId: userHigh }
  ])
  return row.id
}

/** The chat of a pair. */
export async function findChatOfPair (orm: Orm, userLow: number, userHigh: number): Promise<number | undefined> {
  const [row] = await orm
    .select({ id: chats.id })
    .from(chats)
    .where(and(eq(chats.userLow, userLow), eq(chats.userHigh, userHigh)))
  return row?.id
}

/**
 * Locks a chat against posts and membership changes until the transaction ends.
 * @returns its head, or undefined when there is no such chat
 */
export async function lockChat (orm: Orm, chatId: number): Promise<ChatHead | undefined> {
  const [row] = await orm
    .select({ chatId: chatHeads.chatId, lastSeq: chatHeads.lastSeq, membersVersion: chatHeads.membersVersion })
    .from(chatHeads)
    .where(eq(chatHeads.chatId, chatId))
    .for('update')
  return row
}

/** The members of a chat by user id, with the seq after which messages are visible to them. */
export async function listParticipants (orm: Orm, chatId: number): Promise<ReadonlyMap<number, number>> {
  const rows = await orm
    .select({ userId: participants.userId, fromSeq: participants.fromSeq })
    .from(participants)
    .where(eq(participants.chatId, chatId))
  return new Map(rows.map((row) => [row.userId, row.fromSeq]))
}

/** Adds members to a locked chat who see the messages after `fromSeq`. */
export async function addParticipants (orm: Orm, chatId: number, userIds: number[], fromSeq: number): Promise<void> {
  await orm.insert(participants).values(userIds.map((userId) => ({ chatId, userId, fromSeq })))
  await advanceMembersVersion(orm, chatId)
}

/** Removes a member from a locked chat. @returns whether the user was a member */
export async function removeParticipant (orm: Orm, chatId: number, userId: number): Promise<boolean> {
  const rows = await orm
    .delete(participants)
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
    .returning({ userId: participants.userId })
  if (rows.length === 0) return false
  await advanceMembersVersion(orm, chatId)
  return true
}

async function advanceMembersVersion (orm: Orm, chatId: number): Promise<void> {
  await orm
    .update(chatHeads)
    .set({ membersVersion: sql`${chatHeads.membersVersion} + 1` })
    .where(eq(chatHeads.chatId, chatId))
}

/** Deletes a chat and its messages. */
export async function removeChat (orm: Orm, chatId: number): Promise<void> {
  await orm.delete(messages).where(eq(messages.chatId, chatId))
  await orm.delete(chatHeads).where(eq(chatHeads.chatId, chatId))
  await orm.delete(chats).where(eq(chats.id, chatId))
}

/** The chats of a user, latest activity first. */
export async function listChats (orm: Orm, userId: number): Promise<ChatSummary[]> {
  return orm
    .select({
      chatId: chats.id,
      otherId: users.id,
      otherName: users.username,
      lastSeq: chatHeads.lastSeq,
      lastAt: chatHeads.lastAt
    })
    .from(participants)
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .innerJoin(
      users,
      eq(
        users.id,
        sql`case when ${chats.userLow} = ${participants.userId} then ${chats.userHigh} else ${chats.userLow} end`
      )
    )
    .where(eq(participants.userId, userId))
    .orderBy(desc(chatHeads.lastAt), desc(chats.id))
}

const statements = oncePerDatabase((orm) => ({
  membership: orm
    .select({
      chatId: chatHeads.chatId,
      lastSeq: chatHeads.lastSeq,
      membersVersion: chatHeads.membersVersion,
      fromSeq: participants.fromSeq,
      readSeq: participants.readSeq
    })
    .from(participants)
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .where(and(eq(participants.chatId, sql.placeholder('chatId')), eq(participants.userId, sql.placeholder('userId'))))
    .prepare('membership'),
  heads: selectHeads(orm, sql.placeholder('chatIds')).prepare('heads')
}))

/** The heads of those of these chats that exist. @param chatIds an array literal of Postgres */
export function selectHeads (orm: Orm, chatIds: string | Placeholder) {
  return orm
    .select({ chatId: chatHeads.chatId, lastSeq: chatHeads.lastSeq, membersVersion: chatHeads.membersVersion })
    .from(chatHeads)
    .where(inList(chatHeads.chatId, chatIds, 'bigint'))
}

/** A user's view of a chat; undefined when the user is not a member. */
export async function findMembership (orm: Orm, chatId: number, userId: number): Promise<Membership | undefined> {
  const [row] = await statements(orm).membership.execute({ chatId, userId })
  return row
}

/** Records that a member has read up to a seq; the mark never goes back. */
export async function markRead (orm: Orm, chatId: number, userId: number, seq: number): Promise<void> {
  await orm
    .update(participants)
    .set({ readSeq: seq })
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId), lt(participants.readSeq, seq)))
}

/** The heads of those of these chats that exist. */
export async function findHeads (orm: Orm, chatIds: number[]): Promise<ChatHead[]> {
  return statements(orm).heads.execute({ chatIds: `{${chatIds.join()}}` })
}
