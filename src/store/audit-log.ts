/** Queries on the audit log. */
import { and, asc, desc, eq, gt, gte, isNull, like, lt, lte, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { PageOf } from './chat-views.ts'
import type { Orm } from './database.ts'
import { auditLog, chats, users } from './schema.ts'
import { after } from './sql.ts'

/** Who does something: a user, a key, or a key on behalf of a user; neither is a command of `confab`. */
export type AuditActor = {
  userId: number | null
  keyId: string | null
  /** The network address of the request, where there is one. */
  address: string | null
}

/** What was done, to whom and to what. `chat` is a number, or an id of `/v1`. */
export type AuditEntry = {
  action: string
  chat?: number | string | undefined
  userId?: number | undefined
  target?: Record<string, string | number> | undefined
  data?: Record<string, unknown> | undefined
}

/** A row with the names of the two users. */
export type AuditRow = typeof auditLog.$inferSelect & { actorName: string | null, username: string | null }

/** Which rows are listed: those that match everything that is given. */
export type AuditFilter = {
  actorId?: number | undefined
  keyId?: string | undefined
  /** Whether by commands of `confab` alone. */
  isCommand?: boolean | undefined
  userId?: number | undefined
  chat?: string | undefined
  /** An action, or with `.*` at its end all that begin so. */
  action?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
}

const [actors, affected] = [alias(users, 'actors'), alias(users, 'affected')]

/** Adds a row, in the transaction that does what it says. */
export async function insertAudit (
  tx: Orm, { userId: actorId, keyId, address }: AuditActor, { action, chat, userId, target, data }: AuditEntry
): Promise<void> {
  const named = typeof chat === 'number'
    ? sql`(select coalesce(c.public_id, 'cf~' || c.id) from ${chats} c where c.id = ${chat})`
    : chat
  await tx.insert(auditLog).values({ action, actorId, keyId, address, chat: named, userId, target, data })
}

/** So many rows and one more, the newest first. */
export async function listAudit (
  orm: Orm, filter: AuditFilter, { limit, from }: PageOf<number>
): Promise<AuditRow[]> {
  const isBackward = from?.isBackward === true
  const rest = from && (isBackward ? gt : lt)(auditLog.id, from.position)
  const rows = await orm
    .select({ row: auditLog, actorName: actors.username, username: affected.username })
    .from(auditLog)
    .leftJoin(actors, eq(actors.id, auditLog.actorId))
    .leftJoin(affected, eq(affected.id, auditLog.userId))
    .where(and(matches(filter), rest))
    .orderBy((isBackward ? asc : desc)(auditLog.id))
    .limit(limit + 1)
  return rows.map(({ row, ...names }) => ({ ...row, ...names }))
}

function matches ({ actorId, keyId, isCommand, userId, chat, action, since, until }: AuditFilter): SQL | undefined {
  return and(
    actorId === undefined ? undefined : eq(auditLog.actorId, actorId),
    keyId === undefined ? undefined : eq(auditLog.keyId, keyId),
    isCommand === true ? and(isNull(auditLog.actorId), isNull(auditLog.keyId)) : undefined,
    userId === undefined ? undefined : eq(auditLog.userId, userId),
    chat === undefined ? undefined : eq(auditLog.chat, chat),
    action === undefined
      ? undefined
      : action.endsWith('.*') ? like(auditLog.action, `${action.slice(0, -1)}%`) : eq(auditLog.action, action),
    since === undefined ? undefined : gte(auditLog.at, since),
    until === undefined ? undefined : lt(auditLog.at, until)
  )
}

/** Deletes what is older than this. */
export async function removeOldAudit (orm: Orm, ageMs: number): Promise<void> {
  await orm.delete(auditLog).where(lte(auditLog.at, after(-ageMs)))
}

/** Forgets where a user was who is erased. */
export async function forgetAddresses (tx: Orm, userId: number): Promise<void> {
  await tx.update(auditLog).set({ address: null }).where(eq(auditLog.actorId, userId))
}
