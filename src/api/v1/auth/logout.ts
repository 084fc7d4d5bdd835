/** `/v1/auth/logout` and `/v1/auth/logout-all`. */
import { noBody } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import type { Scope } from '../../http/scope.ts'
import { requireBearer, sessionOf } from '../../http/session.ts'
import { ACCOUNT } from '../tags.ts'

/** Adds the routes. */
export default async function logout (app: Scope): Promise<void> {
  requireBearer(app)
  logOut(app)
  logOutAll(app)
}

function logOut (app: Scope): void {
  app.post(
    '/logout',
    {
      schema: {
        operationId: 'logOut',
        tags: [ACCOUNT],
        summary: 'End the session of the token',
        description: 'It ends on every replica, with its sockets.',
        response: { 204: noBody('It has ended.') }
      }
    },
    async (request, reply) => {
      const { userId, sessionId } = sessionOf(request)
      await logAuthEvent(request, 'logout', app.services.sessions.logOut(userId, sessionId), () => userId)
      return reply.code(204).send(null)
    }
  )
}

function logOutAll (app: Scope): void {
  app.post(
    '/logout-all',
    {
      schema: {
        operationId: 'logOutAll',
        tags: [ACCOUNT],
        summary: 'End all your sessions',
        description: 'They end on every replica, with their sockets. That of this request ends, too.',
        response: { 204: noBody('They have ended.') }
      }
    },
    async (request, reply) => {
      const { userId } = sessionOf(request)
      await logAuthEvent(request, 'logout', app.services.sessions.revokeAll(userId), () => userId)
      return reply.code(204).send(null)
    }
  )
}
