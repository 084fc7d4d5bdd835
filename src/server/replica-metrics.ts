/** The sources of a replica's metrics, and the port on which they are served. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { withDeadline } from '../lib/deadline.ts'
import { explainListening } from '../lib/listening.ts'
import { METRICS_NAMES } from '../preflight/ports.ts'
import type { Readings } from '../observability/metrics/catalogue.ts'
import type { JobReading } from '../observability/metrics/job-metrics.ts'
import { exposeMetrics } from '../observability/metrics/prometheus.ts'
import { serveMetrics, type MetricsServer } from '../observability/metrics/server.ts'
import type { Bus } from '../bus/bus.ts'
import type { Database } from '../store/database.ts'
import type { JobRunner } from '../jobs/job-runner.ts'
import { summarizeJobs } from '../store/jobs.ts'

const MS_PER_S = 1_000
/** Time in milliseconds after which a database that does not answer no longer delays the other metrics. */
const READ_TIMEOUT_MS = 1_000

/** Sources in addition to the decorations of the server. */
export type Sources = {
  config: Config
  database: Database
  bus: Bus
  jobs: JobRunner
}

/** Serves the metrics of a built replica, if it is configured. @throws when the port is taken */
export async function serveReplicaMetrics (app: FastifyInstance, sources: Sources): Promise<MetricsServer | undefined> {
  const { metrics: address } = sources.config
  if (address === undefined) return undefined
  const serving = serveMetrics(address, exposeMetrics(app.metrics, readingsOf(app, sources)))
  const server = await explainListening(serving, address, METRICS_NAMES)
  app.log.info({ port: server.port }, 'metrics are served')
  return server
}

/** Reads the queue once for all metrics of a scrape. A kind of which there is no job has zeros. */
function createJobReading ({ orm }: Database, kinds: readonly string[]): () => Promise<JobReading[]> {
  let reading: Promise<JobReading[]> | undefined
  const read = async () => {
    const unavailable = new Error('The database does not answer.')
    const summaries = await withDeadline(summarizeJobs(orm), READ_TIMEOUT_MS, unavailable)
    const found = summaries.map(({ oldestMs, ...rest }) => ({ ...rest, oldestSeconds: (oldestMs ?? 0) / MS_PER_S }))
    const missing = kinds.filter((kind) => !found.some((summary) => summary.kind === kind))
    return [...found, ...missing.map((kind) => ({ kind, waiting: 0, dead: 0, oldestSeconds: 0 }))]
  }
  return () => (reading ??= read().finally(() => {
    reading = undefined
  }))
}

function readingsOf (app: FastifyInstance, { config, database, bus, jobs }: Sources): Readings {
  return {
    sockets: () => ({ open: app.websocketServer.clients.size, authenticated: app.connections.size }),
    sendBufferBytes: () => app.connections.unsentBytes,
    subscriptions: () => app.hub.size,
    presence: () => app.presence.size,
    postsWaiting: () => app.services.messages.waiting(),
    isBusUp: () => bus.isUp,
    hintsDropped: () => bus.dropped,
    poolSize: config.database.pool,
    jobs: createJobReading(database, jobs.kinds),
    isDraining: () => app.lifecycle.isStopping
  }
}
