/** Queries on the feeds of users. */
import { and, asc, desc, eq, gt, lt, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { applicationUsers, feedEvents, feedHeads, feedPending, followedFeeds, participants } from './schema.ts'
import { inList } from './sql.ts'

/** An event of a feed. */
export type FeedRow = Pick<
  typeof feedEvents.$inferSelect, 'pos' | 'kind' | 'chatId' | 'chosenId' | 'data' | 'createdAt'
>
/** An event to add to a feed. */
export type NewFeedEvent = Omit<typeof feedPending.$inferInsert, 'id'>
/** A range of a feed. */
export type FeedRange = { after: number, upTo?: number, limit: number }

const { pos, kind, chatId, chosenId, data, createdAt } = feedEvents
const COLUMNS = { pos, kind, chatId, chosenId, data, createdAt }

const statements = oncePerDatabase((orm) => ({
  heads: orm
    .select({ userId: feedHeads.userId, pos: feedHeads.pos })
    .from(feedHeads)
    .where(inList(feedHeads.userId, sql.placeholder('userIds'), 'bigint'))
    .prepare('feed_heads')
}))

/** Adds events to feeds, in the order of their users when the transaction is committed. */
export async function addToFeeds (tx: Orm, events: readonly NewFeedEvent[]): Promise<void> {
  if (events.length > 0) await tx.insert(feedPending).values([...events])
}

/** The last positions of these feeds; those without any event are missing. */
export async function findFeedHeads (
  orm: Orm, userIds: readonly number[]
): Promise<{ userId: number, pos: number }[]> {
  return statements(orm).heads.execute({ userIds: `{${userIds.join()}}` })
}

/** The last position of a feed; 0 for one without any event. */
export async function findFeedHead (orm: Orm, userId: number): Promise<number> {
  const [head] = await orm.select({ pos: feedHeads.pos }).from(feedHeads).where(eq(feedHeads.userId, userId))
  return head?.pos ?? 0
}

/** The oldest events of a feed behind a position. */
export async function listFeed (
  orm: Orm, userId: number, { after, upTo = Number.MAX_SAFE_INTEGER, limit }: FeedRange
): Promise<FeedRow[]> {
  return orm
    .select(COLUMNS)
    .from(feedEvents)
    .where(and(eq(feedEvents.userId, userId), gt(pos, after), lte(pos, upTo)))
    .orderBy(asc(pos))
    .limit(limit)
}

/** The newest events of a feed before a position, the newest first. */
export async function listFeedBefore (orm: Orm, userId: number, before: number, limit: number): Promise<FeedRow[]> {
  return orm
    .select(COLUMNS)
    .from(feedEvents)
    .where(and(eq(feedEvents.userId, userId), lt(pos, before)))
    .orderBy(desc(pos))
    .limit(limit)
}

/** Removes the feed of a user. */
export async function removeFeed (orm: Orm, userId: number): Promise<void> {
  await orm.delete(feedEvents).where(eq(feedEvents.userId, userId))
  await orm.delete(feedHeads).where(eq(feedHeads.userId, userId))
  await orm.delete(followedFeeds).where(eq(followedFeeds.userId, userId))
}

/** The members of a chat that a message may mention by these texts, to wake their feeds: some may not be mentioned. */
export async function findMentioned (
  orm: Orm, { chatId, mentions, limit }: { chatId: number, mentions: readonly string[], limit: number }
): Promise<number[]> {
  const isOfAll = mentions.some((mention) => mention.startsWith('@'))
  const rows = await orm
    .select({ userId: participants.userId })
    .from(participants)
    .leftJoin(applicationUsers, eq(applicationUsers.userId, participants.userId))
    .where(and(
      eq(participants.chatId, chatId),
      isOfAll
        ? undefined
        : sql`coalesce(${applicationUsers.externalId}, 'cf~' || ${participants.userId}) in ${[...mentions]}`
    ))
    .limit(limit)
  return rows.map(({ userId }) => userId)
}
