/** Queries on the queue of jobs. See `schema/jobs.ts`. */
import { and, asc, eq, isNotNull, isNull, sql, type SQL } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { jobs } from './schema.ts'
import { after, inList, msBetween, NOW } from './sql.ts'

/** JSON of a job. */
export type JobPayload = Record<string, unknown>

/** A job to insert. */
export type NewJob = {
  kind: string
  /** What jobs of this kind are shared out among; one for all by default. */
  target?: string
  payload: JobPayload
  /** Time until it is due, in milliseconds; none by default. */
  delayMs?: number
  /**
   * Makes it the only waiting job of its kind and target with this key: one that waits already has the fields of
   * `update` set in its payload instead, and keeps its time.
   */
  unique?: { key: string, update: JobPayload }
}

/** A claimed job, with this attempt counted. */
export type Job = {
  readonly id: number
  readonly kind: string
  readonly target: string
  readonly payload: JobPayload
  readonly revision: number
  /** Names this claim; who has lost it changes nothing of the job. */
  readonly claim: string
  readonly attempts: number
  readonly createdAt: Date
  /** Its age when it was claimed, in milliseconds. */
  readonly ageMs: number
}

/** How many jobs of a kind may be claimed. */
export type Room = {
  kind: string
  /** In all. */
  room: number
  /** For each target, together with those that are under way. */
  perTarget: number
  /** The number of jobs under way, by target. */
  busy: Readonly<Record<string, number>>
}

/** A kind of jobs, in numbers. */
export type JobSummary = { kind: string, waiting: number, dead: number, oldestMs: number | null }

/** A row of `jobs`. */
export type JobRow = typeof jobs.$inferSelect

const isWaiting = isNull(jobs.failedAt)
const isDead = isNotNull(jobs.failedAt)

/** Inserts a job; it is due as soon as the transaction commits, or after its delay. */
export async function insertJob (orm: Orm, { kind, target = '', payload, delayMs = 0, unique }: NewJob): Promise<void> {
  const values = { kind, target, payload, key: unique?.key ?? null, dueAt: after(delayMs) }
  if (unique === undefined) await orm.insert(jobs).values(values)
  else {
    await orm.insert(jobs).values(values).onConflictDoUpdate({
      target: [jobs.kind, jobs.target, jobs.key],
      targetWhere: sql`${jobs.failedAt} is null and ${jobs.key} is not null`,
      set: { payload: merged(unique.update), revision: sql`${jobs.revision} + 1` }
    })
  }
}

function merged (fields: JobPayload): SQL {
  return sql`${jobs.payload} || ${JSON.stringify(fields)}::text::jsonb`
}

/**
 * Claims jobs that are due, so that no other replica takes them for so long. Each target has its turn, however many
 * jobs another one has: a loose index scan (Postgres wiki, "Loose indexscan") lists the targets, and the first jobs of
 * each are taken before the second ones.
 */
export async function claimJobs (orm: Orm, rooms: readonly Room[], leaseMs: number): Promise<Job[]> {
  const chosen = sql`
    with recursive lanes as (
      (select j.kind, j.target from ${jobs} j where j.failed_at is null order by j.kind, j.target limit 1)
      union all
      select next.kind, next.target from lanes l cross join lateral (
        select j.kind, j.target from ${jobs} j where j.failed_at is null and (j.kind, j.target) > (l.kind, l.target)
        order by j.kind, j.target limit 1
      ) next
    ), ranked as (
      select picked.id, r.room, row_number() over (partition by l.kind order by picked.rank, picked.due_at) as place
      from lanes l
      join jsonb_to_recordset(${JSON.stringify(rooms)}::text::jsonb)
        as r(kind text, room integer, "perTarget" integer, busy jsonb) on r.kind = l.kind
      cross join lateral (
        select d.id, d.due_at, row_number() over (order by d.due_at) as rank from (
          select j.id, j.due_at from ${jobs} j
          where j.failed_at is null and j.kind = l.kind and j.target = l.target and j.due_at <= now()
          order by j.due_at
          limit greatest(0, least(r.room, r."perTarget" - coalesce((r.busy ->> l.target)::integer, 0)))
          for update skip locked
        ) d
      ) picked
    )
    select ranked.id from ranked where ranked.place <= ranked.room`
  return orm.update(jobs)
    .set({ dueAt: after(leaseMs), claim: sql`gen_random_uuid()`, attempts: sql`${jobs.attempts} + 1` })
    .where(sql`${jobs.id} = any (array(${chosen}))`)
    .returning({
      id: jobs.id,
      kind: jobs.kind,
      target: jobs.target,
      payload: jobs.payload,
      revision: jobs.revision,
      claim: sql<string>`${jobs.claim}`,
      attempts: jobs.attempts,
      createdAt: jobs.createdAt,
      ageMs: msBetween<number>(jobs.createdAt, NOW)
    })
}

/** A claimed job, as its holder names it. */
export type Claim = Pick<Job, 'id' | 'claim'>

const isHeld = ({ id, claim }: Claim) => and(eq(jobs.id, id), eq(jobs.claim, claim))

/** Extends leases. @returns the claims that are still held */
export async function renewClaims (orm: Orm, claims: readonly Claim[], leaseMs: number): Promise<string[]> {
  const held = await orm.update(jobs).set({ dueAt: after(leaseMs) })
    .where(and(
      inList(jobs.id, `{${claims.map(({ id }) => id).join()}}`, 'bigint'),
      inList(jobs.claim, `{${claims.map(({ claim }) => claim).join()}}`, 'uuid')
    ))
    .returning({ claim: sql<string>`${jobs.claim}` })
  return held.map(({ claim }) => claim)
}

/**
 * Deletes a job that is done. If it was given more to do meanwhile it stays, is due at once, and has its fields set.
 * @returns whether it is deleted, goes on, or was not held any more
 */
export async function finishJob (orm: Orm, job: Job, fields: JobPayload): Promise<'deleted' | 'continues' | 'lost'> {
  const gone = await orm.delete(jobs).where(and(isHeld(job), eq(jobs.revision, job.revision)))
    .returning({ id: jobs.id })
  if (gone.length > 0) return 'deleted'
  return await postponeJob(orm, job, { delayMs: 0, fields, attempts: 0 }) ? 'continues' : 'lost'
}

/** How a job is put off: `attempts` are those that count from now on, by default those that it has. */
export type Postponement = { delayMs: number, fields?: JobPayload, attempts?: number, reason?: string }

/** Puts a job off, and sets fields of its payload. @returns false when it was not held any more */
export async function postponeJob (
  orm: Orm,
  claim: Claim,
  { delayMs, fields = {}, attempts, reason }: Postponement
): Promise<boolean> {
  const held = await orm.update(jobs)
    .set({
      dueAt: after(delayMs),
      claim: null,
      payload: merged(fields),
      reason: reason ?? null,
      ...(attempts !== undefined && { attempts })
    })
    .where(isHeld(claim))
    .returning({ id: jobs.id })
  return held.length > 0
}

/**
 * Gives a job up: it stays as a dead letter.
 * @param payload what stays of its own, without anything confidential
 * @returns false when it was not held any more
 */
export async function buryJob (orm: Orm, claim: Claim, payload: JobPayload, reason: string): Promise<boolean> {
  const held = await orm.update(jobs).set({ failedAt: NOW, claim: null, payload, reason }).where(isHeld(claim))
    .returning({ id: jobs.id })
  return held.length > 0
}

/** Has jobs of a target that have failed before be due at once, unless they are under way. */
export async function hastenJobs (orm: Orm, kind: string, target: string): Promise<void> {
  await orm.update(jobs).set({ dueAt: NOW })
    .where(and(isWaiting, eq(jobs.kind, kind), eq(jobs.target, target), isNotNull(jobs.reason), isNull(jobs.claim)))
}

/** Every kind of which there is a job. */
export async function summarizeJobs (orm: Orm): Promise<JobSummary[]> {
  return orm
    .select({
      kind: jobs.kind,
      waiting: sql<number>`count(*) filter (where ${isWaiting})::integer`,
      dead: sql<number>`count(*) filter (where ${isDead})::integer`,
      oldestMs: msBetween<number | null>(sql`min(${jobs.createdAt}) filter (where ${isWaiting})`, NOW)
    })
    .from(jobs).groupBy(jobs.kind).orderBy(asc(jobs.kind))
}

/** The jobs of a kind, or of all, that wait or are dead, oldest first. */
export async function listJobs (
  orm: Orm, { kind, areDead, limit }: { kind?: string | undefined, areDead: boolean, limit: number }
): Promise<JobRow[]> {
  return orm.select().from(jobs)
    .where(and(areDead ? isDead : isWaiting, kind === undefined ? undefined : eq(jobs.kind, kind)))
    .orderBy(asc(jobs.id)).limit(limit)
}

/** Whether the payload of a dead letter was erased, so that there is nothing to try again. */
const ERASED = sql`${jobs.payload} ? 'erased'`

/** Which dead letters: one by its id, those of a kind, or all. */
export type DeadJobs = { id?: number | undefined, kind?: string | undefined }

function chosenDead ({ id, kind }: DeadJobs): SQL | undefined {
  const [isOne, isOfKind] = [id && eq(jobs.id, id), kind && eq(jobs.kind, kind)]
  return and(isDead, isOne || undefined, isOfKind || undefined)
}

/** Has dead letters be tried again from the start, if their content is still there. @returns their number */
export async function reviveJobs (orm: Orm, chosen: DeadJobs): Promise<number> {
  const revived = await orm.update(jobs).set({ failedAt: null, reason: null, attempts: 0, dueAt: NOW })
    .where(and(chosenDead(chosen), sql`not ${ERASED}`, isNull(jobs.key))).returning({ id: jobs.id })
  return revived.length
}

/** Deletes dead letters. @returns their number */
export async function dropJobs (orm: Orm, chosen: DeadJobs): Promise<number> {
  return (await orm.delete(jobs).where(chosenDead(chosen)).returning({ id: jobs.id })).length
}
