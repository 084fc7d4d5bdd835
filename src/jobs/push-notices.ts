/**
 * The jobs that decide who is notified of new messages. One is about a part of the log of a chat, and looks only at
 * members who have a device or want mails. What they are told is decided when it is sent (`push-sends.ts`): until then
 * a message may have been read, changed or deleted.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { isQuiet } from '../domain/push/quiet-hours.ts'
import type { Orm } from '../store/database.ts'
import { listAuthors, notifyUsers, PUSH_KIND, takeBackDeleted, takeBackRead } from '../store/push-marks.ts'
import { listNotified, listReachable, type NotifiedRow } from '../store/push-notices.ts'
import { insertUnreadMails } from '../store/unread-mails.ts'
import { backoff, type JobKind, type Outcome } from './job-kind.ts'

const CONCURRENCY = 8
const MAX_ATTEMPTS = 10
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
/** Members that are looked at in one statement. */
const PAGE = 500
/** Time after which a job makes room for another one. */
const SLICE_MS = 10_000

/** Dependencies of the decisions. */
export type PushNoticesDeps = {
  orm: Orm
  /** Those of these users who are online somewhere; none when that is not known. */
  findOnline: (userIds: readonly number[]) => Promise<ReadonlySet<number>>
  /** How long users who are online get to read a message before they are notified, in milliseconds. */
  onlineDelayMs: number
  /** Shortest time between two notifications of one user about one chat, in milliseconds. */
  intervalMs: number
  /** Called when there are new jobs. */
  onJobs: () => void
}

const PayloadSchema = Type.Object({
  chat: Type.Integer(),
  from: Type.Integer(),
  to: Type.Integer(),
  /** Users up to this one have been looked at. */
  after: Type.Optional(Type.Integer()),
  /** The last message that they have been looked at for: the job may have been given more since. */
  until: Type.Optional(Type.Integer())
})
const payloadForm = Compile(PayloadSchema)

/** Decides who is notified. */
export function createPushNotices (deps: PushNoticesDeps): JobKind {
  return {
    name: PUSH_KIND,
    concurrency: CONCURRENCY,
    perTarget: CONCURRENCY,
    maxAttempts: MAX_ATTEMPTS,
    retryDelayMs: backoff(FIRST_RETRY_MS, MAX_RETRY_MS),
    run: async (job, signal) => run(deps, payloadForm.Parse(job.payload), signal)
  }
}

async function run (
  deps: PushNoticesDeps, { chat, from, to: last, after = 0, until = last }: Static<typeof PayloadSchema>,
  signal: AbortSignal
): Promise<Outcome> {
  const { orm } = deps
  const endsAt = Date.now() + SLICE_MS
  const to = after === 0 ? last : until
  if (after === 0) {
    // Whoever posts has read what is before.
    await takeBackRead(orm, await listAuthors(orm, chat, { from, to }))
    await takeBackDeleted(orm, chat, { from, to })
  }
  let afterUserId = after
  for (;;) {
    const userIds = await listReachable(orm, chat, { afterUserId, limit: PAGE })
    const lastId = userIds.at(-1)
    if (lastId !== undefined) await notify(deps, chat, await listNotified(orm, chat, { from, to, userIds }))
    if (lastId === undefined || userIds.length < PAGE) break
    afterUserId = lastId
    if (signal.aborted || Date.now() >= endsAt)
      return { status: 'continues', afterMs: 0, fields: { after: afterUserId, until: to } }
  }
  const fields = { from: to + 1, after: 0 }
  return to < last ? { status: 'continues', afterMs: 0, fields } : { status: 'done', fields }
}

async function notify (deps: PushNoticesDeps, chatId: number, page: readonly NotifiedRow[]): Promise<void> {
  const { orm, intervalMs, onlineDelayMs } = deps
  const reached = page.filter((row) => row.devices > 0 && !isQuiet(row))
  const online = reached.length === 0 ? new Set() : await deps.findOnline(reached.map(({ userId }) => userId))
  const notified = reached.map(({ userId, seq }) =>
    ({ userId, seq, delayMs: online.has(userId) ? onlineDelayMs : 0 }))
  await notifyUsers(orm, chatId, notified, intervalMs)
  await insertUnreadMails(orm, page.filter(({ mailAfterMinutes }) => mailAfterMinutes !== null))
  if (notified.length > 0) deps.onJobs()
}
