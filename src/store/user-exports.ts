/** Queries on all that is stored of a user. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { BLOCK_COLUMNS, type BlockRow } from './blocks.ts'
import { blocks, chats, messages, participants, users } from './schema.ts'

/** A chat of a user. `publicId` is null for one without an id of its own. */
export type ExportedChat = { chatId: number, publicId: string | null, role: string, joinedAt: Date }
/** A message of a user. */
export type ExportedMessage = {
  chatId: number
  publicId: string | null
  seq: number
  body: string
  createdAt: Date
  editedAt: Date | null
}
/** The place of a message among those of a user. */
export type ExportPosition = { chatId: number, seq: number }

/** The chats of a user. */
export async function exportChats (orm: Orm, userId: number): Promise<ExportedChat[]> {
  return orm
    .select({
      chatId: chats.id, publicId: chats.publicId, role: participants.role, joinedAt: participants.joinedAt
    })
    .from(participants)
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .where(eq(participants.userId, userId))
    .orderBy(asc(chats.id))
}

/** Whom a user has blocked. */
export async function exportBlocks (orm: Orm, userId: number): Promise<BlockRow[]> {
  return orm.select(BLOCK_COLUMNS).from(blocks).innerJoin(users, eq(users.id, blocks.blockedId))
    .where(eq(blocks.userId, userId)).orderBy(asc(blocks.blockedId))
}

/** Messages of a user in their chats behind a position, by chat and seq. */
export async function exportMessages (
  orm: Orm, userId: number, { chatId, seq }: ExportPosition, limit: number
): Promise<ExportedMessage[]> {
  return orm
    .select({
      chatId: messages.chatId,
      publicId: chats.publicId,
      seq: messages.seq,
      body: messages.body,
      createdAt: messages.createdAt,
      editedAt: messages.editedAt
    })
    .from(participants)
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(messages, eq(messages.chatId, participants.chatId))
    .where(and(
      eq(participants.userId, userId),
      eq(messages.authorId, userId),
      isNull(messages.deletedAt),
      sql`(${messages.chatId}, ${messages.seq}) > (${chatId}, ${seq})`
    ))
    .orderBy(asc(messages.chatId), asc(messages.seq))
    .limit(limit)
}
