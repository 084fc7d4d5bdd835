/** Queries on what users were notified of, and on the jobs that tell their devices. */
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { chatEvents, jobs, messages, pushDevices, pushMarks } from './schema.ts'
import { after } from './sql.ts'

/** The follower of logs that decides who is notified, and the kind of its jobs. */
export const PUSH_KIND = 'push'
/** The kind of jobs that tell devices. */
export const SEND_KIND = 'push-send'
/** A web push that shows nothing costs a page of Safari its permission: these services are not told to take back. */
const LOUD_SERVICE = 'web-apple'

/** A user to notify of a message, after a delay in milliseconds. */
export type Notified = { userId: number, seq: number, delayMs: number }

/** Has a job wait for each device of these users, of which there is one for each chat. */
const intoJobs = sql`insert into ${jobs} (kind, target, key, payload, due_at)`
const onWaiting = sql`on conflict (kind, target, key) where failed_at is null and key is not null do update`

/**
 * Has the devices of users be told of the newest message of a chat, each once. What waits already tells the newest one
 * instead; between two notifications of one user in one chat is an interval.
 */
export async function notifyUsers (
  orm: Orm, chatId: number, notified: readonly Notified[], intervalMs: number
): Promise<void> {
  if (notified.length === 0) return
  await orm.execute(sql`
    with wanted as (
      select * from jsonb_to_recordset(${JSON.stringify(notified)}::text::jsonb)
        as r("userId" bigint, seq bigint, "delayMs" float8)
    ), marked as (
      insert into ${pushMarks} as k (chat_id, user_id, seq, due_at)
      select ${chatId}::bigint, "userId", seq, now() + "delayMs" * interval '1 millisecond' from wanted
      order by "userId"
      on conflict (chat_id, user_id) do update set seq = excluded.seq,
        due_at = case when k.due_at > now() then k.due_at
          else greatest(excluded.due_at, k.due_at + ${intervalMs}::float8 * interval '1 millisecond') end
      where k.seq < excluded.seq
      returning k.user_id, k.due_at
    )
    ${intoJobs}
    select ${SEND_KIND}, d.service, d.id || ' ' || ${chatId}::bigint,
      jsonb_build_object('device', d.id, 'chat', ${chatId}::bigint), marked.due_at
    from marked join ${pushDevices} d on d.user_id = marked.user_id
    order by d.service, d.id
    ${onWaiting} set revision = jobs.revision + 1`)
}

/** Messages that a user has read: those of a chat up to a seq, or of a thread in it. */
export type ReadRange = { userId: number, chatId: number, seq: number, parentSeq: number | null }

/** Has devices take back what they show of messages that their users have read. */
export async function takeBackRead (orm: Orm, ranges: readonly ReadRange[]): Promise<void> {
  if (ranges.length === 0) return
  const isOfThread = sql`(select m.parent_seq from ${messages} m where m.chat_id = k.chat_id and m.seq = k.seq)
    is not distinct from r."parentSeq"`
  await orm.execute(sql`
    with taken as (
      delete from ${pushMarks} k using jsonb_to_recordset(${JSON.stringify(ranges)}::text::jsonb)
        as r("userId" bigint, "chatId" bigint, seq bigint, "parentSeq" bigint)
      where k.chat_id = r."chatId" and k.user_id = r."userId" and k.seq <= r.seq and ${isOfThread}
      returning k.chat_id, k.user_id, k.seq, k.is_shown
    )
    ${retractions()}`)
}

/** The same for messages of a chat that were deleted with events in a range. */
export async function takeBackDeleted (orm: Orm, chatId: number, { from, to }: { from: number, to: number }) {
  await orm.execute(sql`
    with taken as (
      delete from ${pushMarks} k where k.chat_id = ${chatId} and k.seq in (
        select e.target_seq from ${chatEvents} e
        where e.chat_id = ${chatId} and e.seq between ${from} and ${to} and e.kind = 'message.deleted')
      returning k.chat_id, k.user_id, k.seq, k.is_shown
    )
    ${retractions()}`)
}

function retractions () {
  return sql`${intoJobs}
    select ${SEND_KIND}, d.service, d.id || ' ' || taken.chat_id,
      jsonb_build_object('device', d.id, 'chat', taken.chat_id, 'read', taken.seq), now()
    from taken join ${pushDevices} d on d.user_id = taken.user_id
    where taken.is_shown and d.service <> ${LOUD_SERVICE}
    order by d.service, d.id
    ${onWaiting} set payload = jobs.payload || jsonb_build_object('read', excluded.payload -> 'read'),
      revision = jobs.revision + 1`
}

/** The authors of messages in a range of a chat, who have read what is before: the last seq of each. */
export async function listAuthors (
  orm: Orm, chatId: number, { from, to }: { from: number, to: number }
): Promise<ReadRange[]> {
  return orm
    .select({
      userId: messages.authorId,
      chatId: messages.chatId,
      seq: sql`max(${messages.seq})`.mapWith(messages.seq),
      parentSeq: messages.parentSeq
    })
    .from(messages)
    .where(and(eq(messages.chatId, chatId), sql`${messages.seq} between ${from} and ${to}`))
    .groupBy(messages.authorId, messages.chatId, messages.parentSeq)
}

/** Notes that a device of a user shows a notification of a chat. */
export async function noteShown (
  orm: Orm, { chatId, userId }: { chatId: number, userId: number }
): Promise<void> {
  await orm.update(pushMarks).set({ isShown: true })
    .where(and(eq(pushMarks.chatId, chatId), eq(pushMarks.userId, userId)))
}

/** Removes marks that are older than so many milliseconds, and dead letters of pushes that are. */
export async function removeOldPushes (orm: Orm, { marksMs, deadMs }: { marksMs: number, deadMs: number }) {
  await orm.delete(pushMarks).where(lt(pushMarks.dueAt, after(-marksMs)))
  await orm.delete(jobs).where(and(eq(jobs.kind, SEND_KIND), lt(jobs.failedAt, after(-deadMs))))
}
