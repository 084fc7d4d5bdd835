/** Queries on the members of a chat, and the events that change them. */
import { and, asc, count, desc, eq, inArray, sql } from 'drizzle-orm'
import type { ChatHead, LockedHead } from './chats.ts'
import type { Orm } from './database.ts'
import { inList } from './sql.ts'
import { chatEvents, chatHeads, chats, participants, users } from './schema.ts'

/** A member to add: `addedBy` is null for one who comes by themself, or was added by a key. */
export type NewMember = { userId: number, role: string, addedBy: number | null }
/** A membership without the user. `data` is the application's own. */
export type MemberState = { role: string, joinedAt: Date, data: Record<string, unknown> | null }
const MEMBER_STATE = { role: participants.role, joinedAt: participants.joinedAt, data: participants.data }
/** So many names are listed at once: as many as a group may have members. */
const MAX_LISTED = 10_000
/** The role that most members have. */
const COMMON_ROLE = 'member'

/** An event to append to a log. */
export type NewEvent = {
  kind: string
  /** Null when no user caused it. */
  actorId: number | null
  /** Whether it changes who is a member. */
  isMembership: boolean
  data: Record<string, unknown>
}

/**
 * The members of a chat by user id, with the seq after which events are visible to them.
 * @param userIds only these, not all
 */
export async function listParticipants (
  orm: Orm,
  chatId: number,
  userIds?: readonly number[]
): Promise<ReadonlyMap<number, number>> {
  const rows = await orm
    .select({ userId: participants.userId, fromSeq: participants.fromSeq })
    .from(participants)
    .where(
      and(
        eq(participants.chatId, chatId),
        userIds === undefined ? undefined : inList(participants.userId, `{${userIds.join()}}`, 'bigint')
      )
    )
  return new Map(rows.map((row) => [row.userId, row.fromSeq]))
}

/** The names of the first {@link MAX_LISTED} members of a chat: the owner first, then by time of joining. */
export async function listMemberNames (orm: Orm, chatId: number): Promise<string[]> {
  const rows = await orm
    .select({ username: users.username })
    .from(participants)
    .innerJoin(users, eq(users.id, participants.userId))
    .where(eq(participants.chatId, chatId))
    .orderBy(desc(sql`${participants.role} = 'owner'`), asc(participants.joinedAt), asc(participants.userId))
    .limit(MAX_LISTED)
  return rows.map(({ username }) => username)
}

/** Number of members of a chat. */
export async function countMembers (orm: Orm, chatId: number): Promise<number> {
  const [row] = await orm.select({ count: count() }).from(participants).where(eq(participants.chatId, chatId))
  return row?.count ?? 0
}

/** Number of members of a locked chat: counted only where the head does not know it. */
export async function countMembersOf (orm: Orm, { chatId, memberCount }: LockedHead): Promise<number> {
  return memberCount ?? countMembers(orm, chatId)
}

/** The role of a user in a chat; undefined when the user is not a member. */
export async function findRole (orm: Orm, chatId: number, userId: number): Promise<string | undefined> {
  const [row] = await orm
    .select({ role: participants.role })
    .from(participants)
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
  return row?.role
}

/** Those of these users who are members of a chat. */
export async function findMembers (
  orm: Orm,
  chatId: number,
  userIds: readonly number[]
): Promise<ReadonlyMap<number, MemberState>> {
  const rows = await orm
    .select({ userId: participants.userId, ...MEMBER_STATE })
    .from(participants)
    .where(and(eq(participants.chatId, chatId), inList(participants.userId, `{${userIds.join()}}`, 'bigint')))
  return new Map(rows.map(({ userId, ...state }) => [userId, state]))
}

/** Whether a chat has a member with a role, other than these users. */
export async function hasOtherWithRole (
  orm: Orm,
  chatId: number,
  role: string,
  userIds: readonly number[]
): Promise<boolean> {
  const rows = await orm
    .select({ userId: participants.userId })
    .from(participants)
    .where(and(withRole(chatId, role), sql`${participants.userId} <> all (${`{${userIds.join()}}`}::bigint[])`))
    .limit(1)
  return rows.length > 0
}

/** The member of a locked chat who has had a role for the longest time. */
export async function findLongestWithRole (orm: Orm, chatId: number, role: string): Promise<number | undefined> {
  const [row] = await orm
    .select({ userId: participants.userId })
    .from(participants)
    .where(withRole(chatId, role))
    .orderBy(asc(participants.joinedAt), asc(participants.userId))
    .limit(1)
  return row?.userId
}

/** The members with a role. There is an index for each role but the one that most members have. */
function withRole (chatId: number, role: string) {
  return and(
    eq(participants.chatId, chatId),
    eq(participants.role, role),
    role === COMMON_ROLE ? undefined : sql`${participants.role} <> 'member'`
  )
}

/** Adds members to a locked chat who see the events after `fromSeq`. @returns when they joined */
export async function insertMembers (
  orm: Orm,
  chatId: number,
  members: readonly NewMember[],
  fromSeq: number
): Promise<Date | undefined> {
  const [row] = await orm
    .insert(participants)
    .values(members.map((member) => ({ ...member, chatId, fromSeq })))
    .returning({ joinedAt: participants.joinedAt })
  return row?.joinedAt
}

/**
 * Removes members from a locked chat.
 * @param by the one who does it: in the feeds of the others they were removed, while the feed of this one says left
 * @returns what those were who were members
 */
export async function deleteMembers (
  orm: Orm, chatId: number, userIds: readonly number[], by?: number | null
): Promise<ReadonlyMap<number, MemberState>> {
  // Read by the trigger that writes the feeds.
  const noted = sql`(select set_config('confab.removed_by', ${String(by ?? 0)}::text, true)) is not null`
  const rows = await orm
    .delete(participants)
    .where(and(
      eq(participants.chatId, chatId),
      inList(participants.userId, `{${userIds.join()}}`, 'bigint'),
      by === undefined ? undefined : noted
    ))
    .returning({ userId: participants.userId, ...MEMBER_STATE })
  return new Map(rows.map(({ userId, ...state }) => [userId, state]))
}

/** Removes all members of a locked chat that is being deleted. @returns their ids */
export async function deleteAllMembers (orm: Orm, chatId: number): Promise<number[]> {
  // Read by the trigger that writes the feeds.
  const noted = sql`(select set_config('confab.removal', 'deleted', true)) is not null`
  const rows = await orm.delete(participants).where(and(eq(participants.chatId, chatId), noted))
    .returning({ userId: participants.userId })
  return rows.map(({ userId }) => userId)
}

/** Changes the role or the data of a member of a locked chat. @returns the membership after it */
export async function updateMember (
  orm: Orm,
  chatId: number,
  userId: number,
  change: { role?: string, data?: Record<string, unknown> }
): Promise<MemberState | undefined> {
  const [row] = await orm
    .update(participants)
    .set(change)
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
    .returning(MEMBER_STATE)
  return row
}

/**
 * Counts a change of a locked chat's members that has no event.
 * @param added how many members more there are
 * @returns the new head
 */
export async function advanceMembersVersion (orm: Orm, head: LockedHead, added = 0): Promise<LockedHead> {
  const next = { ...head, membersVersion: head.membersVersion + 1, memberCount: countAfter(head, added) }
  await orm
    .update(chatHeads)
    .set({ membersVersion: next.membersVersion, memberCount: next.memberCount })
    .where(eq(chatHeads.chatId, head.chatId))
  return next
}

/** Counts a change, without an event, of who may read the chats of a locked type, which are locked with it. */
export async function advanceMembersVersionsOf (tx: Orm, type: string): Promise<void> {
  const ofType = tx.select({ id: chats.id }).from(chats)
    .where(and(eq(chats.type, type), sql`${chats.type} not in ('direct', 'group')`))
  await tx.update(chatHeads).set({ membersVersion: sql`${chatHeads.membersVersion} + 1` })
    .where(inArray(chatHeads.chatId, ofType))
}

/** The number of members after so many have come; null where it is not known. */
export function countAfter ({ memberCount }: LockedHead, added: number): number | null {
  return memberCount === null ? null : memberCount + added
}

/**
 * Appends events to the log of a locked chat. The version of the membership that follows from an event is stored with
 * it, so that a reader of the log knows which changes it has seen.
 * @param memberCount the number of members after them
 * @returns when they happened; they have the seqs after that of `head`, in their order
 */
export async function appendEvents (
  orm: Orm,
  head: ChatHead,
  events: readonly NewEvent[],
  memberCount?: number | null
): Promise<Date> {
  const changes = events.filter(({ isMembership }) => isMembership).length
  const [row] = await orm
    .update(chatHeads)
    .set({
      lastSeq: head.lastSeq + events.length,
      membersVersion: head.membersVersion + changes,
      ...(memberCount !== undefined && { memberCount })
    })
    .where(eq(chatHeads.chatId, head.chatId))
    .returning({
      at: sql<Date>`greatest(${chatHeads.lastAt}, date_trunc('milliseconds', clock_timestamp()))`.mapWith(
        chatHeads.lastAt
      )
    })
  if (row === undefined) throw new Error(`Chat ${String(head.chatId)} has no head.`)
  await orm.insert(chatEvents).values(
    events.map(({ kind, actorId, data }, index) => ({
      chatId: head.chatId,
      seq: head.lastSeq + 1 + index,
      kind,
      actorId,
      data,
      createdAt: row.at
    }))
  )
  return row.at
}
