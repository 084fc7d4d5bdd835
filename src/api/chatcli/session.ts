/**
 * Whose request it is: `session_token` in the JSON body, or else `Authorization: Bearer`. Routes registered inside
 * {@link requireSession} can count on a session.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { bearerTokenOf } from '../http/session.ts'

/** Makes every route of this plugin need a session, checked before anything else is said about the request. */
export function requireSession (app: FastifyInstance): void {
  app.decorateRequest('session', null)
  app.addHook('preValidation', async (request) => {
    request.session = await app.accessTokens.authenticate(tokenOf(request))
  })
}

function tokenOf (request: FastifyRequest): unknown {
  const { body } = request
  if (typeof body === 'object' && body !== null && 'session_token' in body) return body.session_token
  return bearerTokenOf(request)
}
