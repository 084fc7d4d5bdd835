/**
 * Whose request it is: `session_token` in the JSON body, or else `Authorization: Bearer`. Routes registered inside
 * {@link requireSession} can count on a session.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ChatError } from '../../domain/errors.ts'
import type { Session } from '../../domain/sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    session: Session | null
  }
}

/** Makes every route of this plugin need a session, checked before anything else is said about the request. */
export function requireSession (app: FastifyInstance): void {
  app.decorateRequest('session', null)
  app.addHook('preValidation', async (request) => {
    request.session = await app.accessTokens.authenticate(tokenOf(request))
  })
}

/** The session of a request. @throws {ChatError} `unauthenticated` without one */
export function sessionOf (request: FastifyRequest): Session {
  if (request.session === null) throw new ChatError('unauthenticated')
  return request.session
}

function tokenOf ({ body, headers }: FastifyRequest): unknown {
  if (typeof body === 'object' && body !== null && 'session_token' in body) return body.session_token
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}
