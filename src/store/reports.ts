/** Queries on reports, operators, and what is left of a user who is erased. */
import { and, asc, desc, eq, gt, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { PageOf } from './chat-views.ts'
import type { Orm } from './database.ts'
import { chatBans, operators, reports, users } from './schema.ts'
import { NOW } from './sql.ts'

/** A row of `reports`. */
type Report = typeof reports.$inferSelect

/** A report with the names of its users. */
export type ReportRow = Report & { reporterName: string, username: string, deciderName: string | null }

/** A report to add. */
export type NewReport = Pick<Report, 'reporterId' | 'chatId' | 'chat' | 'seq' | 'userId' | 'reason' | 'text'>

/** Which reports are listed. */
export type ReportFilter = {
  chatId?: number | undefined
  status?: Report['status'] | undefined
  userId?: number | undefined
  /** Reports about this user are left out, so that nobody learns who has reported them. */
  exceptAbout?: number | undefined
}

/** A decision on a report. */
export type Decision = {
  status: Report['status']
  note: string
  decidedBy: number | null
  decidedKey: string | null
}

/** The first half of the key of the lock under which a user reports. */
const REPORTS_LOCK = 5_123_039

const [reporters, deciders] = [alias(users, 'reporters'), alias(users, 'deciders')]

/** Adds a report; one of the same, which is open, is said anew instead. @returns its id, and whether it is new */
export async function insertReport (tx: Orm, report: NewReport): Promise<{ id: number, isNew: boolean }> {
  const { reporterId, chatId, seq, userId, reason, text } = report
  // Two at the same time would both find none.
  await tx.execute(sql`select pg_advisory_xact_lock(${REPORTS_LOCK}, (${reporterId}::bigint & 2147483647)::int)`)
  const [same] = await tx.update(reports)
    .set({ reason, text, version: sql`${reports.version} + 1` })
    .where(and(
      eq(reports.reporterId, reporterId),
      eq(reports.userId, userId),
      eq(reports.status, 'open'),
      sql`${reports.chatId} is not distinct from ${chatId}::bigint`,
      sql`${reports.seq} is not distinct from ${seq}::bigint`
    ))
    .returning({ id: reports.id })
  if (same !== undefined) return { id: same.id, isNew: false }
  const [added] = await tx.insert(reports).values(report).returning({ id: reports.id })
  if (added === undefined) throw new Error('No report was inserted.')
  return { id: added.id, isNew: true }
}

/** A report by its id. */
export async function findReport (orm: Orm, id: number): Promise<ReportRow | undefined> {
  const [row] = await selectReports(orm, eq(reports.id, id))
  return row && flat(row)
}

/** Keeps a report as it is until the transaction ends. */
export async function lockReport (tx: Orm, id: number): Promise<Report | undefined> {
  const [row] = await tx.select().from(reports).where(eq(reports.id, id)).for('update')
  return row
}

/** Decides on a locked report. */
export async function decideReport (tx: Orm, id: number, decision: Decision): Promise<void> {
  const decidedAt = decision.status === 'open' ? null : NOW
  await tx.update(reports).set({ ...decision, decidedAt, version: sql`${reports.version} + 1` })
    .where(eq(reports.id, id))
}

/** So many reports and one more, the newest first. */
export async function listReports (
  orm: Orm, { chatId, status, userId, exceptAbout }: ReportFilter, { limit, from }: PageOf<number>
): Promise<ReportRow[]> {
  const isBackward = from?.isBackward === true
  const where = and(
    chatId === undefined ? undefined : eq(reports.chatId, chatId),
    status === undefined ? undefined : eq(reports.status, status),
    userId === undefined ? undefined : eq(reports.userId, userId),
    exceptAbout === undefined ? undefined : ne(reports.userId, exceptAbout),
    from && (isBackward ? gt : lt)(reports.id, from.position)
  )
  const rows = await selectReports(orm, where).orderBy((isBackward ? asc : desc)(reports.id)).limit(limit + 1)
  return rows.map(flat)
}

function selectReports (orm: Orm, where: SQL | undefined) {
  return orm
    .select({
      row: reports, reporterName: reporters.username, username: users.username, deciderName: deciders.username
    })
    .from(reports)
    .innerJoin(users, eq(users.id, reports.userId))
    .innerJoin(reporters, eq(reporters.id, reports.reporterId))
    .leftJoin(deciders, eq(deciders.id, reports.decidedBy))
    .where(where)
}

function flat ({ row, ...names }: { row: Report } & Omit<ReportRow, keyof Report>): ReportRow {
  return { ...row, ...names }
}

/** Number of open reports, of one chat or of all. @param exceptAbout as in {@link ReportFilter} */
export async function countOpenReports (orm: Orm, { exceptAbout }: Pick<ReportFilter, 'exceptAbout'>): Promise<number> {
  return orm.$count(
    reports, and(eq(reports.status, 'open'), exceptAbout === undefined ? undefined : ne(reports.userId, exceptAbout))
  )
}

/** Whether a user is an operator of the installation. */
export async function isOperator (orm: Orm, userId: number): Promise<boolean> {
  return (await orm.select().from(operators).where(eq(operators.userId, userId))).length > 0
}

/** Makes a user an operator, or ends that. @returns whether something has changed */
export async function setOperator (tx: Orm, userId: number, isOn: boolean): Promise<boolean> {
  const rows = isOn
    ? await tx.insert(operators).values({ userId }).onConflictDoNothing().returning({ userId: operators.userId })
    : await tx.delete(operators).where(eq(operators.userId, userId)).returning({ userId: operators.userId })
  return rows.length > 0
}

/** The names of the operators. */
export async function listOperators (orm: Orm): Promise<{ userId: number, username: string, since: Date }[]> {
  return orm.select({ userId: users.id, username: users.username, since: operators.since })
    .from(operators).innerJoin(users, eq(users.id, operators.userId)).orderBy(asc(operators.since))
}

/** Removes what moderation keeps of a user who is erased: bans, rights, reports about and by the user. */
export async function removeModerationOf (tx: Orm, userId: number): Promise<void> {
  await tx.delete(chatBans).where(eq(chatBans.userId, userId))
  await tx.delete(operators).where(eq(operators.userId, userId))
  await tx.delete(reports).where(or(eq(reports.reporterId, userId), eq(reports.userId, userId)))
}
