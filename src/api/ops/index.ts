/** For operators: is the process alive, and should it be sent traffic? */
import Type from 'typebox'
import { json } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'

const OPERATIONS = 'Operations'

/** The group of these routes in the documents. */
export const OPS_TAGS = { [OPERATIONS]: 'For load balancers and supervisors.' }

const word = <const Word extends string>(text: Word) => Type.Literal(text)

const reason = Type.String({ description: 'More about that, for people; new words may come.' })

const Ready = Type.Union([
  Type.Object({ status: word('ok'), database: word('up'), bus: word('up') }),
  Type.Object({ status: word('degraded'), database: word('up'), bus: word('down'), reason: Type.Optional(reason) })
])
const NotReady = Type.Union([
  Type.Object({ status: word('draining') }),
  Type.Object({ status: word('starting') }),
  Type.Object({ status: word('unavailable'), database: word('down'), reason }),
  Type.Object({
    status: word('unavailable'),
    database: word('behind'),
    missing: Type.Array(Type.String(), { description: 'The missing migrations.' })
  })
])

/** Adds the routes. */
export default async function ops (app: Scope): Promise<void> {
  livez(app)
  readyz(app)
}

/** The event loop turns; nothing else is checked. */
function livez (app: Scope): void {
  app.get(
    '/livez',
    {
      config: { isOperational: true },
      schema: {
        operationId: 'livez',
        tags: [OPERATIONS],
        summary: 'Is the process alive?',
        response: { 200: json('It is.', Type.Object({ status: word('ok') }), { status: 'ok' }) }
      }
    },
    async () => ({ status: 'ok' as const })
  )
}

/**
 * 200 when the database answers, its tables are new enough for this build and the process is not stopping. Without the
 * bus it stays ready, `degraded`: messages are then read from the store.
 */
function readyz (app: Scope): void {
  app.get(
    '/readyz',
    {
      config: { isOperational: true },
      schema: {
        operationId: 'readyz',
        tags: [OPERATIONS],
        summary: 'Should it receive traffic?',
        description:
          'A replica that starts, or waits for its database or for its tables to be migrated, answers every request ' +
          'but /livez like this, with 503.',
        response: {
          200: json(
            'It should. Without its Redis it still serves, `degraded`: messages arrive up to a second later.',
            Ready,
            { status: 'ok', database: 'up', bus: 'up' }
          ),
          503: json(
            'It should not: it starts or stops, its database does not answer, or the tables are older than this build.',
            NotReady,
            { status: 'unavailable', database: 'down', reason: 'no server listens there' }
          )
        }
      }
    },
    async (_request, reply) => {
      const readiness = await app.readiness()
      const isReady = readiness.status === 'ok' || readiness.status === 'degraded'
      return reply.code(isReady ? 200 : 503).send(readiness)
    }
  )
}
