/** For operators, outside both dialects: is the process alive, and should it be sent traffic? */
import type { FastifyInstance } from 'fastify'
import { handleError } from '../chatcli/errors.ts'
import { LIVEZ, READYZ } from './operations.ts'

/**
 * `GET /livez`: the event loop turns, nothing else is asked. `GET /readyz`: 200 when the database answers, its
 * tables are new enough for this build and the process is not draining. Without the bus it stays ready, `degraded`:
 * messages are then read from the store.
 */
export default async function ops (app: FastifyInstance): Promise<void> {
  const config = { isOperational: true } as const
  // Only what is wrong with the request itself.
  app.setErrorHandler(handleError)

  app.get('/livez', { config: { ...config, operation: LIVEZ } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { config: { ...config, operation: READYZ } }, async (_request, reply) => {
    const readiness = await app.readiness()
    const isReady = readiness.status === 'ok' || readiness.status === 'degraded'
    return reply.code(isReady ? 200 : 503).send(readiness)
  })
}
