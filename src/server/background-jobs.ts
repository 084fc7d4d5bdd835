/** Wires the queue of jobs, and what follows the logs from behind. */
import { type JobLog, JobRunner } from '../jobs/job-runner.ts'
import { LogFollower } from '../jobs/log-follower.ts'
import { createMailJobs } from '../jobs/mails.ts'
import { createWebhookJobs } from '../jobs/webhook-deliveries.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import { adoptMails } from '../store/outbox.ts'
import { removeOldDeliveries } from '../store/webhook-deliveries.ts'
import { findWebhook } from '../store/webhooks.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Ports } from './ports.ts'
import type { Services } from './services.ts'
import { createWebhookReader } from './webhook-events.ts'

const ADOPTION_INTERVAL_MS = 60_000
const CLEANUP_INTERVAL_MS = 3_600_000
const DELIVERIES_KEPT_MS = 14 * 24 * CLEANUP_INTERVAL_MS

/** The queue of this replica, and its follower of logs. */
export type BackgroundJobs = { jobs: JobRunner, follower: LogFollower }

/** Dependencies of the jobs. */
export type BackgroundJobsDeps = {
  ports: Ports
  services: Services
  metrics: Metrics
  lifecycle: Lifecycle
  log: JobLog
}

/** Creates both; they begin with {@link startBackgroundJobs}, and end after the last commit of this replica. */
export function createBackgroundJobs (deps: BackgroundJobsDeps): BackgroundJobs {
  const { ports: { database: { orm }, mailer }, services, metrics, lifecycle, log } = deps
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
  const jobs = new JobRunner({ orm, kinds: [createMailJobs(orm, mailer), webhooks], log })
  lifecycle.onStop('flushing', () => jobs.stop())
  const follower = new LogFollower({ orm, onJobs: () => jobs.wake(), log })
  lifecycle.onStop('flushing', () => follower.stop())
  return { jobs, follower }
}

/** Begins to do jobs and to follow logs. */
export function startBackgroundJobs (
  { jobs, follower }: BackgroundJobs,
  { ports: { database: { orm } }, lifecycle, log }: BackgroundJobsDeps
): void {
  jobs.start()
  follower.start()
  const repeat = (intervalMs: number, work: () => Promise<void>, failed: string) => {
    const run = () => void work().catch((error: unknown) => log.warn({ err: error }, failed))
    run()
    const timer = setInterval(run, intervalMs)
    lifecycle.onStop('closing', () => clearInterval(timer))
  }
  // Replicas of earlier builds leave mails behind, also those that run beside this one during an update.
  repeat(ADOPTION_INTERVAL_MS, () => adoptMails(orm), 'mails of earlier builds could not be taken over')
  repeat(CLEANUP_INTERVAL_MS, () => removeOldDeliveries(orm, DELIVERIES_KEPT_MS), 'old deliveries could not be removed')
}
