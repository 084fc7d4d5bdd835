/** Queries on blocks: whom users have blocked. */
import { and, asc, desc, eq, gt, lt, or, type SQL, sql, type SQLWrapper } from 'drizzle-orm'
import type { PageOf } from './chat-views.ts'
import type { Orm } from './database.ts'
import { blocks, chatHeads, chats, users } from './schema.ts'
import { inList } from './sql.ts'

/** A user whom another one has blocked. */
export type BlockRow = { userId: number, username: string, createdAt: Date }

/** The columns of a {@link BlockRow}. */
export const BLOCK_COLUMNS = { userId: blocks.blockedId, username: users.username, createdAt: blocks.createdAt }

/** Has transactions on the blocks and the direct chat of two users wait for each other. */
export async function lockPair (tx: Orm, one: number, other: number): Promise<void> {
  const pair = `confab pair ${String(Math.min(one, other))} ${String(Math.max(one, other))}`
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${pair}, 0))`)
}

/** @returns whether it is new */
export async function insertBlock (tx: Orm, userId: number, blockedId: number): Promise<boolean> {
  const rows = await tx.insert(blocks).values({ userId, blockedId }).onConflictDoNothing()
    .returning({ userId: blocks.userId })
  return rows.length > 0
}

/** @returns whether there was one */
export async function deleteBlock (tx: Orm, userId: number, blockedId: number): Promise<boolean> {
  const rows = await tx.delete(blocks).where(and(eq(blocks.userId, userId), eq(blocks.blockedId, blockedId)))
    .returning({ userId: blocks.userId })
  return rows.length > 0
}

/** The direct chat of two users, with a new version of its membership. */
export type ChangedChat = { chatId: number, membersVersion: number }

/**
 * Notes with the direct chat of two users whether one has blocked the other: the trigger of the table knows. Replicas
 * see by the version of its membership that something has changed.
 * @returns undefined when they have none
 */
export async function renewPostRules (tx: Orm, one: number, other: number): Promise<ChangedChat | undefined> {
  const pair = and(eq(chats.userLow, Math.min(one, other)), eq(chats.userHigh, Math.max(one, other)))
  const [changed] = await tx.update(chatHeads)
    .set({ postRoles: null, membersVersion: sql`${chatHeads.membersVersion} + 1` })
    .where(sql`${chatHeads.chatId} = (select ${chats.id} from ${chats} where ${pair})`)
    .returning({ chatId: chatHeads.chatId, membersVersion: chatHeads.membersVersion })
  return changed
}

/** Whether one of the two of a direct chat has blocked the other, as an expression on the chat and its head. */
export function isBlockedChat (): SQL<boolean> {
  return sql<boolean>`(${chats.type} = 'direct' and ${isSilent()})`
}

/** Whether one of the two of a direct chat has blocked the other. */
export async function isDirectChatBlocked (orm: Orm, chatId: number): Promise<boolean> {
  const [row] = await orm.select({ isBlocked: isSilent() }).from(chatHeads).where(eq(chatHeads.chatId, chatId))
  return row?.isBlocked ?? false
}

function isSilent (): SQL<boolean> {
  return sql<boolean>`coalesce(${chatHeads.postRoles} = '{}', false)`
}

/** Whether neither of two users has blocked the other, as an expression. */
export function isUnblocked (one: SQLWrapper, other: SQLWrapper): SQL {
  return sql`not exists (select from ${blocks} b where b.user_id = ${one} and b.blocked_id = ${other})
    and not exists (select from ${blocks} b where b.user_id = ${other} and b.blocked_id = ${one})`
}

/** Whether one of two users has blocked the other. */
export async function isPairBlocked (orm: Orm, one: number, other: number): Promise<boolean> {
  const [row] = await orm.select({ userId: blocks.userId }).from(blocks).where(or(
    and(eq(blocks.userId, one), eq(blocks.blockedId, other)), and(eq(blocks.userId, other), eq(blocks.blockedId, one))
  )).limit(1)
  return row !== undefined
}

/** Those of these users who have blocked a user. */
export async function listBlockersOf (
  orm: Orm, userId: number, among: readonly number[]
): Promise<ReadonlySet<number>> {
  const rows = among.length === 0
    ? []
    : await orm.select({ userId: blocks.userId }).from(blocks)
        .where(and(eq(blocks.blockedId, userId), inList(blocks.userId, `{${among.join()}}`, 'bigint')))
  return new Set(rows.map((row) => row.userId))
}

/** A user whom another one has blocked; undefined if it is not so. */
export async function findBlock (orm: Orm, userId: number, blockedId: number): Promise<BlockRow | undefined> {
  const [row] = await orm.select(BLOCK_COLUMNS).from(blocks).innerJoin(users, eq(users.id, blocks.blockedId))
    .where(and(eq(blocks.userId, userId), eq(blocks.blockedId, blockedId)))
  return row
}

/** So many of those whom a user has blocked and one more, in an order that does not change. */
export async function listBlocks (orm: Orm, userId: number, { limit, from }: PageOf<number>): Promise<BlockRow[]> {
  const isBackward = from?.isBackward === true
  const rest = from && (isBackward ? lt : gt)(blocks.blockedId, from.position)
  return orm.select(BLOCK_COLUMNS).from(blocks).innerJoin(users, eq(users.id, blocks.blockedId))
    .where(and(eq(blocks.userId, userId), rest))
    .orderBy((isBackward ? desc : asc)(blocks.blockedId))
    .limit(limit + 1)
}

/** Removes the blocks of a user, and those by others. */
export async function removeBlocksOf (orm: Orm, userId: number): Promise<void> {
  await orm.delete(blocks).where(or(eq(blocks.userId, userId), eq(blocks.blockedId, userId)))
}
