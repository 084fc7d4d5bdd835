/** Queries on webhooks. */
import { and, asc, eq, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { webhooks } from './schema.ts'
import { after } from './sql.ts'

/** A row of `webhooks`; its secrets are encrypted. */
export type WebhookRow = typeof webhooks.$inferSelect

/** What can be changed of a webhook. */
export type WebhookFields = Pick<WebhookRow, 'url' | 'events' | 'chatTypes' | 'description'>

/** Number of the lock of those who add a webhook, so that they count one after the other. */
const LOCK = 28

/** Returns all webhooks, the oldest first. */
export async function listWebhooks (orm: Orm): Promise<WebhookRow[]> {
  return orm.select().from(webhooks).orderBy(asc(webhooks.createdAt), asc(webhooks.id))
}

/** Returns the webhook with this id. */
export async function findWebhook (orm: Orm, id: string): Promise<WebhookRow | undefined> {
  const [row] = await orm.select().from(webhooks).where(eq(webhooks.id, id))
  return row
}

/** Adds a webhook, unless there are as many as there may be. */
export async function insertWebhook (
  orm: Orm, webhook: WebhookFields & Pick<WebhookRow, 'id' | 'secret'>, limit: number
): Promise<WebhookRow | undefined> {
  return orm.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext('webhooks'), ${LOCK})`)
    if (await tx.$count(webhooks) >= limit) return undefined
    const [row] = await tx.insert(webhooks).values(webhook).returning()
    return row
  })
}

/**
 * Changes a webhook of this version, which then has the next one.
 * @returns undefined when it is gone, or has another version
 */
export async function updateWebhook (
  orm: Orm, { id, version }: Pick<WebhookRow, 'id' | 'version'>, change: WebhookFields & { isEnabled: boolean }
): Promise<WebhookRow | undefined> {
  const { isEnabled, ...fields } = change
  const [row] = await orm
    .update(webhooks)
    .set({
      ...fields,
      version: sql`${webhooks.version} + 1`,
      disabledAt: isEnabled ? null : sql`coalesce(${webhooks.disabledAt}, now())`,
      disabledReason: isEnabled ? null : sql`coalesce(${webhooks.disabledReason}, 'by_request')`
    })
    .where(and(eq(webhooks.id, id), eq(webhooks.version, version)))
    .returning()
  return row
}

/** Switches a webhook off. @returns whether it was on */
export async function disableWebhook (orm: Orm, id: string, reason: string): Promise<boolean> {
  const rows = await orm
    .update(webhooks)
    .set({ disabledAt: sql`now()`, disabledReason: reason, version: sql`${webhooks.version} + 1` })
    .where(and(eq(webhooks.id, id), sql`${webhooks.disabledAt} is null`))
    .returning({ id: webhooks.id })
  return rows.length > 0
}

/** Gives a webhook another secret; the present one is valid for so many milliseconds more. */
export async function rotateWebhookSecret (
  orm: Orm, id: string, secret: string, overlapMs: number
): Promise<WebhookRow | undefined> {
  const [row] = await orm
    .update(webhooks)
    .set({ secret, previousSecret: sql`${webhooks.secret}`, previousUntil: after(overlapMs) })
    .where(eq(webhooks.id, id))
    .returning()
  return row
}

/** Encrypts the secrets of a webhook anew, unless they were replaced meanwhile. */
export async function resealWebhook (
  orm: Orm, { id, secret }: Pick<WebhookRow, 'id' | 'secret'>, sealed: Pick<WebhookRow, 'secret' | 'previousSecret'>
): Promise<void> {
  await orm.update(webhooks).set(sealed).where(and(eq(webhooks.id, id), eq(webhooks.secret, secret)))
}

/** Deletes a webhook of this version, or of any. @returns whether it was there */
export async function deleteWebhook (orm: Orm, id: string, version?: number): Promise<boolean> {
  const rows = await orm
    .delete(webhooks)
    .where(and(eq(webhooks.id, id), version === undefined ? undefined : eq(webhooks.version, version)))
    .returning({ id: webhooks.id })
  return rows.length > 0
}
