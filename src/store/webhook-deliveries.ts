/** Queries on what became of events at webhooks. */
import { and, asc, desc, eq, getTableColumns, gt, gte, inArray, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { chats, jobs, users, webhookDeliveries } from './schema.ts'
import { after } from './sql.ts'

/** The kind of jobs that deliver to webhooks. */
export const WEBHOOK_KIND = 'webhook'

/** A row of `webhook_deliveries`. */
export type DeliveryRow = typeof webhookDeliveries.$inferSelect
/** How an event may stand: `waiting` for the next attempt, or settled. */
export const DELIVERY_STATUSES = ['delivered', 'waiting', 'dead'] as const satisfies DeliveryRow['status'][]
export type DeliveryStatus = DeliveryRow['status']

/** An attempt to deliver an event, with all attempts so far. */
export type Attempt = Pick<
  DeliveryRow,
  'webhookId' | 'messageId' | 'type' | 'chatId' | 'userId' | 'position' | 'status' | 'attempts' | 'durationMs'
  | 'answerStatus' | 'answerBody' | 'error'
> & {
  /** Time until the next attempt, in milliseconds. */
  retryInMs?: number | undefined
}

/** Which deliveries of a webhook. */
export type DeliveryFilter = {
  /** Their `webhook-id`. */
  ids?: readonly string[] | undefined
  status?: DeliveryStatus | undefined
  since?: Date | undefined
  until?: Date | undefined
}

/** Stores attempts, the last one of each event. */
export async function saveAttempts (orm: Orm, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return
  const rows = attempts.map(({ retryInMs, ...attempt }) => ({
    ...attempt, nextAt: retryInMs === undefined ? null : after(retryInMs)
  }))
  const columns = {
    status: sql`excluded.status`,
    attempts: sql`${webhookDeliveries.attempts} + 1`,
    attemptedAt: sql`excluded.attempted_at`,
    nextAt: sql`excluded.next_at`,
    durationMs: sql`excluded.duration_ms`,
    answerStatus: sql`excluded.answer_status`,
    answerBody: sql`excluded.answer_body`,
    error: sql`excluded.error`
  }
  await orm.insert(webhookDeliveries).values(rows)
    .onConflictDoUpdate({ target: [webhookDeliveries.webhookId, webhookDeliveries.messageId], set: columns })
}

function chosen (webhookId: string, { ids, status, since, until }: DeliveryFilter): SQL | undefined {
  return and(
    eq(webhookDeliveries.webhookId, webhookId),
    ids && inArray(webhookDeliveries.messageId, [...ids]),
    status && eq(webhookDeliveries.status, status),
    since && gte(webhookDeliveries.createdAt, since),
    until && lt(webhookDeliveries.createdAt, until)
  )
}

/** A page of deliveries: those behind one in the list, or before it, in reverse order. */
export type DeliveryRange = { from: { position: number, isBackward: boolean } | undefined, limit: number }

/** Returns the deliveries of a webhook, the newest first, with the id of the chat and the name of the user. */
export async function listDeliveries (
  orm: Orm, webhookId: string, filter: DeliveryFilter, { from, limit }: DeliveryRange
): Promise<(DeliveryRow & { chosenId: string | null, username: string | null })[]> {
  const { id } = webhookDeliveries
  const isBackward = from?.isBackward === true
  const isBehind = from && (isBackward ? gt(id, from.position) : lt(id, from.position))
  return orm.select({ ...getTableColumns(webhookDeliveries), chosenId: chats.publicId, username: users.username })
    .from(webhookDeliveries)
    .leftJoin(chats, eq(chats.id, webhookDeliveries.chatId))
    .leftJoin(users, eq(users.id, webhookDeliveries.userId))
    .where(and(chosen(webhookId, filter), isBehind))
    .orderBy(isBackward ? asc(id) : desc(id)).limit(limit)
}

/**
 * Has events be sent to a webhook again: a job for each chat and feed, in the order of its events.
 * @returns the number of events
 */
export async function replayDeliveries (
  orm: Orm, webhookId: string, filter: DeliveryFilter, limit: number
): Promise<number> {
  return orm.transaction(async (tx) => {
    const found = await tx
      .select({
        id: webhookDeliveries.id,
        chatId: webhookDeliveries.chatId,
        userId: webhookDeliveries.userId,
        position: webhookDeliveries.position
      })
      .from(webhookDeliveries).where(chosen(webhookId, filter)).orderBy(asc(webhookDeliveries.id)).limit(limit)
    const logs = new Map<string, { chat: number | null, user: number | null, positions: number[] }>()
    for (const { chatId, userId, position } of found) {
      const key = `${String(chatId)} ${String(userId)}`
      const log = logs.get(key) ?? { chat: chatId, user: userId, positions: [] }
      log.positions.push(position)
      logs.set(key, log)
    }
    const rows = [...logs.values()].map(({ positions, ...log }) => ({
      kind: WEBHOOK_KIND,
      target: webhookId,
      payload: { ...log, positions: positions.toSorted((one, other) => one - other) }
    }))
    if (rows.length > 0) await tx.insert(jobs).values(rows)
    return found.length
  })
}

/** Removes what is older than so many milliseconds. */
export async function removeOldDeliveries (orm: Orm, ageMs: number): Promise<void> {
  await orm.delete(webhookDeliveries).where(lte(webhookDeliveries.createdAt, after(-ageMs)))
}
