/**
 * Sessions of the ChatCLI face: `session_token` in the JSON body, else `Authorization: Bearer`. Routes registered
 * inside {@link requireSession} have a session.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { BEARER, bearerTokenOf, documentSession } from '../http/session.ts'

/** The field that is read first. A value that is no string is refused before the body is validated. */
export const SESSION_FIELD = {
  session_token: Type.Optional(
    Type.String({ description: 'The `access_token` of a login; it may come in the header `Authorization` instead.' })
  )
}

/** The value of the field in examples. */
export const EXAMPLE_SESSION = { session_token: 'the-access-token' }

/** Makes every route of this scope need a session, which is checked before the body is validated. */
export function requireSession (app: FastifyInstance): void {
  app.decorateRequest('session', null)
  app.addHook('preValidation', async (request) => {
    request.session = await app.accessTokens.authenticate(tokenOf(request))
  })
  documentSession(app, [{ [BEARER]: [] }, {}])
}

function tokenOf (request: FastifyRequest): unknown {
  const { body } = request
  if (typeof body === 'object' && body !== null && 'session_token' in body) return body.session_token
  return bearerTokenOf(request)
}
