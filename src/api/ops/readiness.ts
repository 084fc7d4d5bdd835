/** Whether this replica should receive traffic: for load balancers at `/readyz`, for visitors at `/`. */
import fastifyPlugin from 'fastify-plugin'
import type { Bus } from '../../bus/bus.ts'
import { withDeadline } from '../../lib/deadline.ts'
import type { Database } from '../../store/database.ts'
import { describeUnavailability } from '../../store/postgres/failures.ts'

/** A probe that takes longer is a failed one, in milliseconds. */
const PROBE_TIMEOUT_MS = 2_000

class ProbeTimeoutError extends Error {
  readonly code = 'ETIMEDOUT'
}

/** Dependencies of the readiness. */
export type ReadinessDeps = { database: Database, bus: Bus }

/** `degraded` is ready: without the bus messages are read from the store. Those below are not. */
export type Readiness =
  | { status: 'ok', database: 'up', bus: 'up' }
  | { status: 'degraded', database: 'up', bus: 'down', reason?: string }
  | { status: 'unavailable', database: 'down', reason: string }
  | { status: 'unavailable', database: 'behind', missing: string[] }
  | { status: 'draining' }

/** The same while the replica starts, when other routes are not there yet. */
export type StartState = { status: 'starting' } | Extract<Readiness, { status: 'unavailable' }>

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Checks whether the database answers, its tables are new enough for this build and the process is not draining.
     */
    readiness: () => Promise<Readiness>
  }
}

export default fastifyPlugin<ReadinessDeps>(
  async (app, { database, bus }) => {
    app.decorate('readiness', async (): Promise<Readiness> => {
      if (app.lifecycle.isStopping) return { status: 'draining' }
      try {
        const missing = await withDeadline(database.missingMigrations(), PROBE_TIMEOUT_MS, new ProbeTimeoutError())
        if (missing.length > 0) return { status: 'unavailable', database: 'behind', missing }
      } catch (error) {
        return { status: 'unavailable', database: 'down', reason: describeUnavailability(error) }
      }
      return bus.isUp
        ? { status: 'ok', database: 'up', bus: 'up' }
        : { status: 'degraded', database: 'up', bus: 'down', ...(bus.downReason && { reason: bus.downReason }) }
    })
  },
  { name: 'readiness', dependencies: ['services'], fastify: '5.x' }
)
