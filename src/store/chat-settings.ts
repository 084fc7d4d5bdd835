/** Queries on the settings of a chat. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { chats, deletedChatIds, participants } from './schema.ts'

/** A chat without its log. `name` is empty for none, and null for a direct chat. */
export type ChatRow = {
  chatId: number
  publicId: string | null
  type: string
  name: string | null
  description: string | null
  avatar: string | null
  data: Record<string, unknown> | null
  version: number
  createdAt: Date
  frozenAt: Date | null
}

/** Settings that are replaced. */
export type ChatSettings = Pick<ChatRow, 'description' | 'avatar' | 'data' | 'name'>

/** The columns of a {@link ChatRow}. */
export const CHAT_COLUMNS = {
  chatId: chats.id,
  publicId: chats.publicId,
  type: chats.type,
  name: chats.name,
  description: chats.description,
  avatar: chats.avatar,
  data: chats.data,
  version: chats.version,
  createdAt: chats.createdAt,
  frozenAt: chats.frozenAt
}

/** A chat, with the role of a user in it: null for one who is no member, and for nobody. */
export async function findChatWithRole (
  orm: Orm,
  chatId: number,
  userId: number | null
): Promise<(ChatRow & { role: string | null }) | undefined> {
  const [row] = await orm
    .select({ ...CHAT_COLUMNS, role: participants.role })
    .from(chats)
    .leftJoin(participants, and(eq(participants.chatId, chats.id), sql`${participants.userId} = ${userId}`))
    .where(eq(chats.id, chatId))
  return row
}

/** The number of the chat with an id that the application has chosen. */
export async function findChosenChat (orm: Orm, publicId: string): Promise<number | undefined> {
  const [row] = await orm.select({ chatId: chats.id }).from(chats).where(eq(chats.publicId, publicId))
  return row?.chatId
}

/** Whether a chat with an id that the application had chosen is gone. */
export async function isChatIdDeleted (orm: Orm, publicId: string): Promise<boolean> {
  return (await orm.select().from(deletedChatIds).where(eq(deletedChatIds.publicId, publicId))).length > 0
}

/** Replaces settings of a locked chat. @returns the chat after it */
export async function updateChat (tx: Orm, chatId: number, settings: ChatSettings): Promise<ChatRow> {
  const [row] = await tx.update(chats).set({ ...settings, version: sql`${chats.version} + 1` })
    .where(eq(chats.id, chatId)).returning(CHAT_COLUMNS)
  if (row === undefined) throw new Error(`There is no chat ${String(chatId)}.`)
  return row
}

/**
 * Freezes a locked chat, or ends that. A trigger writes down with its head who may post from then on.
 * @returns the chat after it; undefined when nothing has changed
 */
export async function setFrozen (
  tx: Orm,
  chatId: number,
  isFrozen: boolean
): Promise<ChatRow | undefined> {
  const [row] = await tx
    .update(chats)
    .set({ frozenAt: isFrozen ? sql`now()` : null })
    .where(and(eq(chats.id, chatId), isFrozen ? isNull(chats.frozenAt) : sql`${chats.frozenAt} is not null`))
    .returning(CHAT_COLUMNS)
  return row
}
