/** Queries on how far the logs of chats and the feeds of users were followed. See the SQL functions of 0031. */
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { followers, following, webhooks } from './schema.ts'
import { after } from './sql.ts'

/** Logs that are looked at in one statement of a sweep. */
const SWEEP_PAGE = 20_000

/** What is followed: the logs of chats, or the feeds of users. */
export type LogKind = 'chats' | 'feeds'

/** Whether anybody follows, and the names of the followers other than webhooks. */
export async function findFollowers (
  orm: Orm
): Promise<{ isActive: boolean, hasWebhooks: boolean, names: string[] }> {
  const names = sql<string[]>`coalesce((select json_agg(name) from ${followers}), '[]')`
  const hasWebhooks = sql<boolean>`exists (select from ${webhooks} where disabled_at is null)`
  const [row] = await orm.select({ isActive: following.isActive, hasWebhooks, names }).from(following)
  return row ?? { isActive: false, hasWebhooks: false, names: [] }
}

/**
 * Gives the followers of these logs jobs for what is new in them.
 * @param ids of chats or users
 * @returns how many of them had something new
 */
export async function followLogs (orm: Orm, kind: LogKind, ids: readonly number[]): Promise<number> {
  const list = sql`${`{${ids.join()}}`}::text::bigint[]`
  const [row] = await orm
    .select({ count: kind === 'chats' ? sql<number>`follow_chats(${list})` : sql<number>`follow_feeds(${list})` })
    .from(sql`(values (1)) once`)
  return row?.count ?? 0
}

/** Claims the sweep if the last one is so long ago. @returns whether this replica is to do it */
export async function claimSweep (orm: Orm, intervalMs: number): Promise<boolean> {
  const claimed = await orm.update(following).set({ sweptAt: sql`now()` })
    .where(and(eq(following.isActive, true), lt(following.sweptAt, after(-intervalMs))))
    .returning({ id: following.id })
  return claimed.length > 0
}

/**
 * Looks at the next logs after one.
 * @returns the ids of those with something new, and of the last one that was looked at; undefined after the last
 */
export async function listAhead (
  orm: Orm, kind: LogKind, afterId: number
): Promise<{ ahead: number[], lastId: number } | undefined> {
  const heads = kind === 'chats'
    ? sql`(select chat_id as id, last_seq as head from chat_heads
        where chat_id > ${afterId} order by chat_id limit ${SWEEP_PAGE})`
    : sql`(select user_id as id, pos as head from feed_heads
        where user_id > ${afterId} order by user_id limit ${SWEEP_PAGE})`
  const followed = kind === 'chats'
    ? sql`(select chat_id as id, position, since from followed_chats)`
    : sql`(select user_id as id, position, since from followed_feeds)`
  const [row] = await orm
    .select({
      ahead: sql<number[] | null>`json_agg(h.id order by h.id) filter (where f.id is null or h.head > f.position)`,
      lastId: sql<number | null>`max(h.id)::float8`
    })
    .from(sql`${heads} h left join ${followed} f
      on f.id = h.id and f.since = (select since from ${following})`)
  return row?.lastId == null ? undefined : { ahead: row.ahead ?? [], lastId: row.lastId }
}

/** Has a follower be told of what is new in all chats, or no longer. */
export async function setFollower (orm: Orm, name: string, isThere: boolean): Promise<void> {
  if (isThere) await orm.insert(followers).values({ name }).onConflictDoNothing()
  else await orm.delete(followers).where(eq(followers.name, name))
}
