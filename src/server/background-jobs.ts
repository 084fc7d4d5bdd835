/** Wires the queue of jobs, and what follows the logs from behind. */
import { createFileRemovals } from '../jobs/file-removals.ts'
import type { JobKind } from '../jobs/job-kind.ts'
import { type JobLog, JobRunner } from '../jobs/job-runner.ts'
import { LogFollower } from '../jobs/log-follower.ts'
import { createMailJobs } from '../jobs/mails.ts'
import { createPushNotices } from '../jobs/push-notices.ts'
import { PushReads } from '../jobs/push-reads.ts'
import { createPushSends } from '../jobs/push-sends.ts'
import { createUnreadMails } from '../jobs/unread-mails.ts'
import { createSearchJobs } from '../jobs/search.ts'
import { createWebhookJobs } from '../jobs/webhook-deliveries.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Config } from '../config/config.ts'
import { removeAbandonedAvatars } from '../store/avatars.ts'
import { removeEndedBans } from '../store/bans.ts'
import { adoptErasures } from '../store/erasures.ts'
import { removeAbandoned } from '../store/files.ts'
import { adoptMails } from '../store/outbox.ts'
import { PUSH_KIND, removeOldPushes } from '../store/push-marks.ts'
import { startSearch, stopSearch } from '../store/search-index.ts'
import { removeOldDeliveries } from '../store/webhook-deliveries.ts'
import { findWebhook } from '../store/webhooks.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Ports } from './ports.ts'
import type { Services } from './services.ts'
import { createWebhookReader } from './webhook-events.ts'

const ADOPTION_INTERVAL_MS = 60_000
const ABANDONED_INTERVAL_MS = 60_000
const CLEANUP_INTERVAL_MS = 3_600_000
/** How long a file may wait for its message. */
export const FILE_GRACE_MS = 24 * CLEANUP_INTERVAL_MS
const DELIVERIES_KEPT_MS = 14 * 24 * CLEANUP_INTERVAL_MS
/** A notification that was not read for so long is not taken back any more. */
const PUSHES_KEPT = { marksMs: 30 * 24 * CLEANUP_INTERVAL_MS, deadMs: 24 * CLEANUP_INTERVAL_MS }

/** The queue of this replica, and its follower of logs. */
export type BackgroundJobs = { jobs: JobRunner, follower: LogFollower, pushReads: PushReads }

/** Dependencies of the jobs. */
export type BackgroundJobsDeps = {
  config: Config
  ports: Ports
  services: Services
  metrics: Metrics
  lifecycle: Lifecycle
  /** Those of these users who are online. */
  findOnline: (userIds: readonly number[]) => Promise<ReadonlySet<number>>
  log: JobLog
}

/** Creates both; they begin with {@link startBackgroundJobs}, and end after the last commit of this replica. */
export function createBackgroundJobs (deps: BackgroundJobsDeps): BackgroundJobs {
  const { ports: { database: { orm }, mailer, files }, services, metrics, lifecycle, log } = deps
  const webhooks = createWebhookJobs({
    orm,
    outbound: services.outbound,
    findWebhook: (id) => findWebhook(orm, id),
    secretsOf: (webhook) => services.webhooks.secretsOf(webhook),
    disable: (id, reason) => services.webhooks.disable(id, reason),
    readLog: createWebhookReader(orm, services),
    epoch: () => services.epoch.current,
    count: (status) => metrics.webhookAttempts.add(status)
  })
  const kinds = [
    createMailJobs(orm, mailer),
    webhooks,
    services.erasures.kind,
    ...files === undefined ? [] : [createFileRemovals(files)],
    ...services.search.isOn ? [createSearchJobs(orm)] : [],
    ...notificationKinds(deps, () => jobs.wake())
  ]
  const jobs = new JobRunner({ orm, kinds, log })
  lifecycle.onStop('flushing', () => jobs.stop())
  const follower = new LogFollower({ orm, onJobs: () => jobs.wake(), log })
  lifecycle.onStop('flushing', () => follower.stop())
  const pushReads = new PushReads({
    orm, isWanted: () => follower.has(PUSH_KIND), onJobs: () => jobs.wake(), log
  })
  lifecycle.onStop('flushing', () => pushReads.stop())
  return { jobs, follower, pushReads }
}

/** What notifies users who are away. */
function notificationKinds (deps: BackgroundJobsDeps, onJobs: () => void): JobKind[] {
  const { config: { push, publicUrl }, ports: { database: { orm } }, services, metrics, findOnline } = deps
  const unsubscribeLink = (userId: number) =>
    `${publicUrl}/v1/unsubscribe?token=${services.push.unsubscribe.sign(userId)}`
  return [
    createPushNotices({ orm, findOnline, ...push, onJobs }),
    createPushSends({
      orm,
      services: services.push.services,
      epoch: () => services.epoch.current,
      count: (status) => metrics.pushAttempts.add(status)
    }),
    createUnreadMails({ orm, link: `${publicUrl}/app`, unsubscribeLink, onJobs })
  ]
}

/** Begins to do jobs and to follow logs. */
export function startBackgroundJobs (
  { jobs, follower }: Pick<BackgroundJobs, 'jobs' | 'follower'>,
  { ports: { database: { orm }, files }, services, lifecycle, log }:
  Pick<BackgroundJobsDeps, 'ports' | 'services' | 'lifecycle' | 'log'>
): void {
  jobs.start()
  follower.start()
  const switchSearch = async () => {
    await (services.search.isOn ? startSearch(orm) : stopSearch(orm))
    follower.refresh()
    jobs.wake()
  }
  switchSearch().catch((error: unknown) =>
    log.warn({ err: error }, 'search could not be switched on or off; the next start tries again'))
  const repeat = (intervalMs: number, work: () => Promise<void>, failed: string) => {
    const run = () => void work().catch((error: unknown) => log.warn({ err: error }, failed))
    run()
    const timer = setInterval(run, intervalMs)
    lifecycle.onStop('closing', () => clearInterval(timer))
  }
  // Replicas of earlier builds leave mails behind, also those that run beside this one during an update.
  repeat(ADOPTION_INTERVAL_MS, () => adoptMails(orm), 'mails of earlier builds could not be taken over')
  repeat(ADOPTION_INTERVAL_MS, () => adoptErasures(orm), 'erasures of earlier builds could not be taken over')
  if (files !== undefined) {
    repeat(ABANDONED_INTERVAL_MS, () => removeAbandoned(orm, FILE_GRACE_MS), 'files could not be looked through')
    repeat(
      CLEANUP_INTERVAL_MS, () => removeAbandonedAvatars(orm, FILE_GRACE_MS), 'pictures could not be looked through'
    )
    repeat(CLEANUP_INTERVAL_MS, () => files.removeLeftovers(), 'unfinished uploads could not be removed')
  }
  repeat(CLEANUP_INTERVAL_MS, () => removeOldPushes(orm, PUSHES_KEPT), 'old pushes could not be removed')
  repeat(CLEANUP_INTERVAL_MS, () => removeEndedBans(orm), 'bans that have ended could not be removed')
  repeat(CLEANUP_INTERVAL_MS, () => removeOldDeliveries(orm, DELIVERIES_KEPT_MS), 'old deliveries could not be removed')
}
