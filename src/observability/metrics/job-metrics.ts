/** The metrics of the queue of jobs; see `catalogue.ts`. */
import type { MetricSource, Readings } from './catalogue.ts'
import type { Metrics } from './metrics.ts'

/** A kind of jobs; `oldestSeconds` is 0 when none waits. */
export type JobReading = { kind: string, waiting: number, dead: number, oldestSeconds: number }

/** The metrics of jobs, and of the attempts of those that deliver to webhooks. */
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
    }
  ]
}
