/** For operators, outside both dialects: is the process alive, and should it be sent traffic? */
import type { FastifyInstance } from 'fastify'
import type { Bus } from './bus/bus.ts'
import { handleError } from './dialects/chatcli/errors.ts'
import { LIVEZ, READYZ } from './ops-description.ts'
import type { Database } from './store/database.ts'

/** A probe that takes longer is a failed one, in milliseconds. */
const PROBE_TIMEOUT_MS = 2_000

/** What readiness looks at. */
export type OpsDeps = { database: Database, bus: Bus }

/**
 * `GET /livez`: the event loop turns, nothing else is asked. `GET /readyz`: 200 when the database answers, its
 * tables are new enough for this build and the process is not draining. Without the bus it stays ready, `degraded`: messages are then read from the store.
 */
export default async function ops (app: FastifyInstance, { database, bus }: OpsDeps): Promise<void> {
  const config = { isOperational: true } as const
  // Only what is wrong with the request itself.
  app.setErrorHandler(handleError)

  app.get('/livez', { config: { ...config, operation: LIVEZ } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { config: { ...config, operation: READYZ } }, async (_request, reply) => {
    if (app.lifecycle.phase !== 'serving') return reply.code(503).send({ status: 'draining' })
    const missing = await answerOf(database.missingMigrations())
    if (missing === undefined) return reply.code(503).send({ status: 'unavailable', database: 'down' })
    if (missing.length > 0) return reply.code(503).send({ status: 'unavailable', database: 'behind', missing })
    return bus.isUp ? { status: 'ok', database: 'up', bus: 'up' } : { status: 'degraded', database: 'up', bus: 'down' }
  })
}

async function answerOf<Answer> (probe: Promise<Answer>): Promise<Answer | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), PROBE_TIMEOUT_MS) })
  const answer = await Promise.race([probe.catch(() => undefined), timeout])
  clearTimeout(timer)
  return answer
}
