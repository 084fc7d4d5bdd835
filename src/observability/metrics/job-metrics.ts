/** The metrics of what surrounds a chat: the queue of jobs, webhooks, files; see `catalogue.ts`. */
import type { MetricSource, Readings } from './catalogue.ts'
import type { Metrics } from './metrics.ts'

/** A kind of jobs; `oldestSeconds` is 0 when none waits. */
export type JobReading = { kind: string, waiting: number, dead: number, oldestSeconds: number }

/** The metrics of jobs, of the attempts of those that deliver to webhooks and devices, and of files. */
export function ofJobs (metrics: Metrics, { jobs }: Readings): MetricSource[] {
  const byKind = (value: (reading: JobReading) => number) => async () =>
    Object.fromEntries((await jobs()).map((reading) => [reading.kind, value(reading)]))
  return [
    {
      name: 'chat_jobs_waiting',
      help: 'Jobs that wait or are under way, by kind.',
      kind: 'gauge',
      label: 'kind',
      values: byKind(({ waiting }) => waiting)
    },
    {
      name: 'chat_jobs_oldest_seconds',
      help: 'Age of the oldest job that waits, by kind, 0 when none does.',
      kind: 'gauge',
      label: 'kind',
      values: byKind(({ oldestSeconds }) => oldestSeconds)
    },
    {
      name: 'chat_jobs_dead',
      help: 'Jobs that were given up, by kind.',
      kind: 'gauge',
      label: 'kind',
      values: byKind(({ dead }) => dead)
    },
    {
      name: 'chat_webhook_attempts_total',
      help: 'Attempts to deliver an event to a webhook, by how the event stands afterwards.',
      kind: 'counter',
      label: 'status',
      tally: metrics.webhookAttempts
    },
    {
      name: 'chat_push_attempts_total',
      help: 'Attempts to tell a device of messages, by what became of it.',
      kind: 'counter',
      label: 'status',
      tally: metrics.pushAttempts
    },
    {
      name: 'chat_files_total',
      help: 'What this replica has done with files, and what failed because of their storage.',
      kind: 'counter',
      label: 'event',
      tally: metrics.fileEvents
    }
  ]
}
