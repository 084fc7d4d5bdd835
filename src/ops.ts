/** For operators, outside both dialects: is the process alive, and should it be sent traffic? */
import type { FastifyInstance } from 'fastify'
import type { Bus } from './bus/bus.ts'
import type { Database } from './store/database.ts'

/** A probe that takes longer is a failed one, in milliseconds. */
const PROBE_TIMEOUT_MS = 2_000

/** What readiness looks at. */
export type OpsDeps = { database: Database, bus: Bus }

/**
 * `GET /livez`: the event loop turns, nothing else is asked. `GET /readyz`: 200 when the database answers and the
 * process is not draining. Without the bus it stays ready, `degraded`: messages are then read from the store.
 */
export default async function ops (app: FastifyInstance, { database, bus }: OpsDeps): Promise<void> {
  app.get('/livez', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    if (app.lifecycle.phase === 'draining') return reply.code(503).send({ status: 'draining' })
    if (!await answers(database.ping())) return reply.code(503).send({ status: 'unavailable', database: 'down' })
    return bus.isUp ? { status: 'ok', database: 'up', bus: 'up' } : { status: 'degraded', database: 'up', bus: 'down' }
  })
}

async function answers (probe: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS) })
  const isUp = await Promise.race([probe.then(() => true, () => false), timeout])
  clearTimeout(timer)
  return isUp
}
