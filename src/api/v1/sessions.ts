/** `/v1/me/sessions`: the sessions of the caller's account, one for each login. */
import Type, { type Static } from 'typebox'
import { ChatError } from '../../domain/errors.ts'
import type { SessionSummary } from '../../domain/accounts/sessions.ts'
import { json, noBody } from '../http/answers.ts'
import { logAuthEvent } from '../http/auth-log.ts'
import type { Scope } from '../http/scope.ts'
import { requireBearer, sessionOf } from '../http/session.ts'
import { ACCOUNT } from './tags.ts'

const SessionId = Type.String({ format: 'uuid' })
const Time = (description: string) => Type.String({ format: 'date-time', description })

const SessionSchema = Type.Object(
  {
    id: SessionId,
    created_at: Time('When its login was.'),
    last_used_at: Time('When it was last refreshed; its login before the first refresh.'),
    expires_at: Time('When it ends unless it is refreshed.'),
    user_agent: Type.Union([Type.String(), Type.Null()], {
      description: 'What the client called itself at the login.'
    }),
    current: Type.Boolean({ description: 'Whether it is the session of this request.' })
  },
  { title: 'Session' }
)

const EXAMPLE: Static<typeof SessionSchema> = {
  id: '6a1b7c1e-0c5c-4f0e-9c56-0b7a1b6b6f0a',
  created_at: '2026-01-31T12:34:56.789Z',
  last_used_at: '2026-02-02T08:00:00.000Z',
  expires_at: '2026-04-03T08:00:00.000Z',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  current: true
}

/** Adds the routes. */
export default async function sessions (app: Scope): Promise<void> {
  requireBearer(app)
  list(app)
  endOthers(app)
  endOne(app)
}

function list (app: Scope): void {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listSessions',
        tags: [ACCOUNT],
        summary: 'List your sessions',
        description: 'All of them on one page, the newest first.',
        response: {
          200: json(
            'The sessions.',
            Type.Object({ items: Type.Array(SessionSchema), next: Type.Null(), prev: Type.Null() }),
            { items: [EXAMPLE], next: null, prev: null }
          )
        }
      }
    },
    async (request) => {
      const { userId, sessionId } = sessionOf(request)
      const own = await app.services.sessions.list(userId)
      return { items: own.map((summary) => encodeSession(summary, sessionId)), next: null, prev: null }
    }
  )
}

function encodeSession (summary: SessionSummary, currentId: string): Static<typeof SessionSchema> {
  const { sessionId, createdAt, lastUsedAt, expiresAt, userAgent } = summary
  return {
    id: sessionId,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    user_agent: userAgent,
    current: sessionId === currentId
  }
}

function endOthers (app: Scope): void {
  app.delete(
    '/',
    {
      schema: {
        operationId: 'endOtherSessions',
        tags: [ACCOUNT],
        summary: 'End all your other sessions',
        description: 'They end on every replica, with their sockets. The session of this request stays.',
        response: { 204: noBody('They have ended.') }
      }
    },
    async (request, reply) => {
      const { userId, sessionId } = sessionOf(request)
      const ending = app.services.sessions.revokeAll(userId, undefined, sessionId)
      await logAuthEvent(request, 'end-session', ending, () => userId)
      return reply.code(204).send(null)
    }
  )
}

function endOne (app: Scope): void {
  app.delete(
    '/:session',
    {
      config: { errors: ['invalid_input', 'unknown_session'] },
      schema: {
        operationId: 'endSession',
        tags: [ACCOUNT],
        summary: 'End one of your sessions',
        description: 'It ends on every replica, with its sockets. It may be the session of this request.',
        params: Type.Object({ session: SessionId }),
        response: { 204: noBody('It has ended.') }
      }
    },
    async (request, reply) => {
      const { userId } = sessionOf(request)
      const ending = app.services.sessions.logOut(userId, request.params.session).then((hasEnded) => {
        if (!hasEnded) throw new ChatError('unknown_session')
      })
      await logAuthEvent(request, 'end-session', ending, () => userId)
      return reply.code(204).send(null)
    }
  )
}
