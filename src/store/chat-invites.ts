/** Queries on the invites to chats. */
import { and, asc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { PageOf } from './chat-views.ts'
import type { Orm } from './database.ts'
import { chatInvites, users } from './schema.ts'
import { NOW } from './sql.ts'

/** An invite. `createdBy` is null when a key made it. */
export type ChatInvite = {
  id: number
  chatId: number
  code: string
  createdBy: { userId: number, username: string } | null
  maxUses: number | null
  uses: number
  createdAt: Date
  expiresAt: Date | null
}

/** Adds an invite. @returns its id */
export async function insertChatInvite (
  tx: Orm,
  invite: { chatId: number, code: string, createdBy: number | null, maxUses: number | null, expiresAt: Date | null }
): Promise<number> {
  const [row] = await tx.insert(chatInvites).values(invite).returning({ id: chatInvites.id })
  if (row === undefined) throw new Error('No invite was inserted.')
  return row.id
}

/** Number of invites of a chat. */
export async function countChatInvites (tx: Orm, chatId: number): Promise<number> {
  return tx.$count(chatInvites, eq(chatInvites.chatId, chatId))
}

/** Deletes an invite of a chat. @returns whether there was one */
export async function deleteChatInvite (tx: Orm, chatId: number, id: number): Promise<boolean> {
  const rows = await tx.delete(chatInvites).where(and(eq(chatInvites.chatId, chatId), eq(chatInvites.id, id)))
    .returning({ id: chatInvites.id })
  return rows.length > 0
}

/** The chat that a code is for, whatever has become of the invite. */
export async function findChatOfInvite (orm: Orm, code: string): Promise<number | undefined> {
  const [row] = await orm.select({ chatId: chatInvites.chatId }).from(chatInvites).where(eq(chatInvites.code, code))
  return row?.chatId
}

/** Uses an invite once more. @returns false when it is gone, has expired or was used up */
export async function useChatInvite (tx: Orm, code: string): Promise<boolean> {
  const rows = await tx
    .update(chatInvites)
    .set({ uses: sql`${chatInvites.uses} + 1` })
    .where(and(eq(chatInvites.code, code), isUsable()))
    .returning({ id: chatInvites.id })
  return rows.length > 0
}

/** Whether an invite can be used. */
export async function isChatInviteUsable (tx: Orm, code: string): Promise<boolean> {
  const rows = await tx.select({ id: chatInvites.id }).from(chatInvites)
    .where(and(eq(chatInvites.code, code), isUsable()))
  return rows.length > 0
}

function isUsable () {
  return and(
    or(isNull(chatInvites.expiresAt), gt(chatInvites.expiresAt, NOW)),
    or(isNull(chatInvites.maxUses), lt(chatInvites.uses, chatInvites.maxUses))
  )
}

/** An invite of a chat, or so many of them and one more, in the order in which they were made. */
export async function listChatInvites (
  orm: Orm,
  chatId: number,
  { limit, from }: PageOf<number>
): Promise<ChatInvite[]> {
  const isBackward = from?.isBackward === true
  return selectInvites(orm)
    .where(and(
      eq(chatInvites.chatId, chatId),
      from === undefined
        ? undefined
        : isBackward ? lt(chatInvites.id, from.position) : gt(chatInvites.id, from.position)
    ))
    .orderBy(isBackward ? sql`${chatInvites.id} desc` : asc(chatInvites.id))
    .limit(limit + 1)
}

/** An invite by its id. */
export async function findChatInvite (orm: Orm, id: number): Promise<ChatInvite | undefined> {
  const [row] = await selectInvites(orm).where(eq(chatInvites.id, id))
  return row
}

function selectInvites (orm: Orm) {
  return orm
    .select({
      id: chatInvites.id,
      chatId: chatInvites.chatId,
      code: chatInvites.code,
      createdBy: { userId: users.id, username: users.username },
      maxUses: chatInvites.maxUses,
      uses: chatInvites.uses,
      createdAt: chatInvites.createdAt,
      expiresAt: chatInvites.expiresAt
    })
    .from(chatInvites)
    .leftJoin(users, eq(users.id, chatInvites.createdBy))
}
