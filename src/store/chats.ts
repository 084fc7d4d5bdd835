/** Queries on chats, their heads and their members. */
import { and, desc, eq, isNotNull, isNull, type Placeholder, sql } from 'drizzle-orm'
import { CHAT_COLUMNS, type ChatRow } from './chat-settings.ts'
import type { Orm } from './database.ts'
import { hasHidden } from './hidden.ts'
import { removeMessageParts } from './message-parts.ts'
import { removeFromSearch } from './search-index.ts'
import { inList } from './sql.ts'
import { oncePerDatabase } from './prepared.ts'
import {
  chatBans, chatEvents, chatHeads, chatInvites, chats, followedChats, messages, participants, users
} from './schema.ts'

/** The types of chats: `direct` has two members and is unique per pair, `group` has a name and any number. */
export type ChatType = 'direct' | 'group'
/** A chat in a member's list. A direct chat has the name of the other member. */
export type ChatSummary = {
  chatId: number
  type: ChatType
  name: string
  /** The other member of a direct chat. */
  otherId: number | null
  lastSeq: number
  lastAt: Date
}
/** The position of a chat: its last seq and the version of its membership. */
export type ChatHead = { chatId: number, lastSeq: number, membersVersion: number }
/** The same with the number of members, unless it has not been counted. */
export type LockedHead = ChatHead & { memberCount: number | null }
/**
 * A member's view of a chat: its head, the seq after which messages are visible, the seq of the read mark, and the
 * other member of a direct chat.
 */
export type Membership = ChatHead & {
  fromSeq: number
  readSeq: number
  otherId: number | null
  /** The id that the application has chosen for the chat, if it has. */
  chosenId: string | null
  type: string
  /** Whether the user has deleted a message of the chat for themself. */
  hasHidden: boolean
}

/**
 * Inserts the chat of a pair.
 * @param createdBy the one of the two who opens it
 * @returns its id, or undefined when the pair has one
 */
export async function insertChat (
  orm: Orm,
  userLow: number,
  userHigh: number,
  createdBy: number | null = null
): Promise<number | undefined> {
  const [row] = await orm
    .insert(chats)
    .values({ userLow, userHigh, createdBy })
    .onConflictDoNothing()
    .returning({ id: chats.id })
  if (row === undefined) return undefined
  await orm.insert(chatHeads).values({ chatId: row.id })
  await orm.insert(participants).values(
    [userLow, userHigh].map((userId) => ({
      chatId: row.id,
      userId,
      addedBy: userId === createdBy ? null : createdBy
    }))
  )
  return row.id
}

/** A chat to make. `name` is empty for none, `publicId` null for none of its own. */
export type NewChat = {
  type: string
  name: string
  createdBy: number | null
  publicId?: string | null
  description?: string | null
  avatar?: string | null
  data?: Record<string, unknown> | null
}

/**
 * Inserts a chat that is none of a pair, without members.
 * @returns the chat; undefined when another one has the public id
 */
export async function insertNamedChat (
  orm: Orm,
  { type, name, createdBy, publicId = null, description = null, avatar = null, data = null }: NewChat
): Promise<ChatRow | undefined> {
  const [row] = await orm
    .insert(chats)
    .select(
      sql`select id, -id, 0, now(), ${type}::text, ${name}::text, ${createdBy}::bigint, ${publicId}::text,
        ${description}::text, ${avatar}::text, ${data === null ? null : JSON.stringify(data)}::text::jsonb, 1,
        null::timestamptz from (select nextval('chats_id_seq') as id) next`
    )
    .onConflictDoNothing()
    .returning(CHAT_COLUMNS)
  if (row === undefined) return undefined
  await orm.insert(chatHeads).values({ chatId: row.chatId, memberCount: 0 })
  return row
}

/** The type of a chat, and its name if it has one of its own. */
export async function findChat (
  orm: Orm,
  chatId: number
): Promise<{ type: string, name: string | null } | undefined> {
  const [row] = await orm.select({ type: chats.type, name: chats.name }).from(chats).where(eq(chats.id, chatId))
  return row
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
export async function lockChat (orm: Orm, chatId: number): Promise<LockedHead | undefined> {
  const [row] = await orm
    .select({
      chatId: chatHeads.chatId,
      lastSeq: chatHeads.lastSeq,
      membersVersion: chatHeads.membersVersion,
      memberCount: chatHeads.memberCount
    })
    .from(chatHeads)
    .where(eq(chatHeads.chatId, chatId))
    .for('update')
  return row
}

/** Sets whether a member has put a chat away. @returns whether the user is a member */
export async function setArchived (orm: Orm, chatId: number, userId: number, isArchived: boolean): Promise<boolean> {
  const rows = await orm
    .update(participants)
    .set({ archivedAt: isArchived ? sql`coalesce(${participants.archivedAt}, now())` : null })
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
    .returning({ userId: participants.userId })
  return rows.length > 0
}

/** The id that was chosen for a chat, null for none; undefined when there is no such chat. */
export async function findChosenId (orm: Orm, chatId: number): Promise<string | null | undefined> {
  const [chat] = await orm.select({ chosenId: chats.publicId }).from(chats).where(eq(chats.id, chatId))
  return chat?.chosenId
}

/** Deletes a chat, its messages and its events. */
export async function removeChat (orm: Orm, chatId: number): Promise<void> {
  await orm.delete(messages).where(eq(messages.chatId, chatId))
  await orm.delete(chatEvents).where(eq(chatEvents.chatId, chatId))
  await orm.delete(chatInvites).where(eq(chatInvites.chatId, chatId))
  await orm.delete(chatBans).where(eq(chatBans.chatId, chatId))
  await removeMessageParts(orm, chatId)
  await removeFromSearch(orm, chatId)
  await orm.delete(followedChats).where(eq(followedChats.chatId, chatId))
  await orm.delete(chatHeads).where(eq(chatHeads.chatId, chatId))
  await orm.delete(chats).where(eq(chats.id, chatId))
}

/** The chats of a user that are archived, or those that are not, latest activity first. */
export async function listChats (orm: Orm, userId: number, { isArchived = false } = {}): Promise<ChatSummary[]> {
  const rows = await orm
    .select({
      chatId: chats.id,
      type: chats.type,
      name: chats.name,
      otherId: users.id,
      otherName: users.username,
      lastSeq: chatHeads.lastSeq,
      lastAt: chatHeads.lastAt
    })
    .from(participants)
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .leftJoin(
      users,
      eq(
        users.id,
        sql`case when ${chats.userLow} = ${participants.userId} then ${chats.userHigh} else ${chats.userLow} end`
      )
    )
    .where(
      and(
        eq(participants.userId, userId),
        isArchived ? isNotNull(participants.archivedAt) : isNull(participants.archivedAt)
      )
    )
    .orderBy(desc(chatHeads.lastAt), desc(chats.id))
  return rows.map(({ type, name, otherName, ...row }) => ({
    ...row,
    type: type === 'direct' ? 'direct' : 'group',
    name: name ?? otherName ?? ''
  }))
}

/** The other member of a direct chat, in a query on a member and the chat; null in a group. */
export function otherMember () {
  return sql<number | null>`case ${participants.userId}
    when ${chats.userLow} then ${chats.userHigh} when ${chats.userHigh} then ${chats.userLow} end`.mapWith(Number)
}

/** The fields of a {@link Membership}, in a query on a member, the head and the chat. */
export function membershipFields () {
  return {
    chatId: chatHeads.chatId,
    lastSeq: chatHeads.lastSeq,
    membersVersion: chatHeads.membersVersion,
    fromSeq: participants.fromSeq,
    readSeq: participants.readSeq,
    otherId: otherMember(),
    chosenId: chats.publicId,
    type: chats.type,
    hasHidden: hasHidden(participants.chatId, participants.userId)
  }
}

const statements = oncePerDatabase((orm) => ({
  membership: orm
    .select(membershipFields())
    .from(participants)
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .innerJoin(chats, eq(chats.id, participants.chatId))
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

/** The heads of those of these chats that exist. */
export async function findHeads (orm: Orm, chatIds: number[]): Promise<ChatHead[]> {
  return statements(orm).heads.execute({ chatIds: `{${chatIds.join()}}` })
}
