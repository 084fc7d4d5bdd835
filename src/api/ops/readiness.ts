/** Whether this replica should receive traffic: for load balancers at `/readyz`, for visitors at `/`. */
import fastifyPlugin from 'fastify-plugin'
import type { Bus } from '../../bus/bus.ts'
import { withDeadline } from '../../lib/deadline.ts'
import type { Database } from '../../store/database.ts'

/** A probe that takes longer is a failed one, in milliseconds. */
const PROBE_TIMEOUT_MS = 2_000

/** Dependencies of the readiness. */
export type ReadinessDeps = { database: Database, bus: Bus }

/** `degraded` is ready: without the bus messages are read from the store. The other two are not. */
export type Readiness =
  | { status: 'ok', database: 'up', bus: 'up' }
  | { status: 'degraded', database: 'up', bus: 'down' }
  | { status: 'unavailable', database: 'down' }
  | { status: 'unavailable', database: 'behind', missing: string[] }
  | { status: 'draining' }

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
      const missing = await withDeadline(
        database.missingMigrations(),
        PROBE_TIMEOUT_MS,
        new Error('The database does not answer.')
      ).catch(() => undefined)
      if (missing === undefined) return { status: 'unavailable', database: 'down' }
      if (missing.length > 0) return { status: 'unavailable', database: 'behind', missing }
      return bus.isUp
        ? { status: 'ok', database: 'up', bus: 'up' }
        : { status: 'degraded', database: 'up', bus: 'down' }
    })
  },
  { name: 'readiness', dependencies: ['services'], fastify: '5.x' }
)
