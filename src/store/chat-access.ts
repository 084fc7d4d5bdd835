/** Queries that find chats by their ids of `/v1`, as a user may see them. */
import { and, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import { isBlockedChat } from './blocks.ts'
import type { Orm } from './database.ts'
import { chatHeads, chats, participants } from './schema.ts'

/** Names of chats: the numbers of those without an id of their own, and ids that applications have chosen. */
export type ChatNames = { chatIds: readonly number[], chosen: readonly string[] }

/** A chat with its head, and the membership of a user: `role` is null when there is none. */
export type ChatAccessRow = {
  chatId: number
  publicId: string | null
  type: string
  frozenAt: Date | null
  /** Whether one of the two of a direct chat has blocked the other. */
  isBlocked: boolean
  lastSeq: number
  membersVersion: number
  role: string | null
  fromSeq: number
  readSeq: number
}

/** The chats of these names, in one snapshot with the memberships of a user. @param userId null for nobody's */
export async function findChatAccess (orm: Orm, userId: number | null, names: ChatNames): Promise<ChatAccessRow[]> {
  const { chatIds, chosen } = names
  const isNamed = or(
    chatIds.length === 0 ? undefined : and(inArray(chats.id, [...chatIds]), isNull(chats.publicId)),
    chosen.length === 0 ? undefined : inArray(chats.publicId, [...chosen])
  )
  if (isNamed === undefined) return []
  return selectAccess(orm, userId).where(isNamed)
}

/** The chats of which a user is a member. */
export async function listChatAccess (orm: Orm, userId: number): Promise<ChatAccessRow[]> {
  return selectAccess(orm, userId).where(eq(participants.userId, userId))
}

function selectAccess (orm: Orm, userId: number | null) {
  return orm
    .select({
      chatId: chats.id,
      publicId: chats.publicId,
      type: chats.type,
      frozenAt: chats.frozenAt,
      isBlocked: isBlockedChat(),
      lastSeq: chatHeads.lastSeq,
      membersVersion: chatHeads.membersVersion,
      role: participants.role,
      fromSeq: sql`coalesce(${participants.fromSeq}, 0)`.mapWith(participants.fromSeq),
      readSeq: sql`coalesce(${participants.readSeq}, 0)`.mapWith(participants.readSeq)
    })
    .from(chats)
    .innerJoin(chatHeads, eq(chatHeads.chatId, chats.id))
    .leftJoin(participants, and(eq(participants.chatId, chats.id), sql`${participants.userId} = ${userId}`))
}
