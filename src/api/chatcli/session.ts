/**
 * Sessions of the ChatCLI face: `session_token` in the JSON body, else `Authorization: Bearer`. Routes registered
 * inside {@link requireSession} have a session.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { type Authenticate, BEARER, bearerTokenOf, documentSession, openSession } from '../http/session.ts'

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
  const authenticate = authenticatorOf(app)
  app.decorateRequest('session', null)
  app.addHook('preValidation', async (request) => {
    await openSession(request, tokenOf(request), authenticate)
  })
  documentSession(app, [{ [BEARER]: [] }, {}])
}

/**
 * How the tokens of this face are authenticated. The Electron clients refresh their session at each start and go on
 * with their old access token, which therefore lives as long as the new one.
 */
export function authenticatorOf ({ accessTokens, config }: FastifyInstance): Authenticate {
  return config.chatcliClients === 'seed' ? accessTokens.authenticate : accessTokens.authenticateRefreshed
}

function tokenOf (request: FastifyRequest): unknown {
  const { body } = request
  if (typeof body === 'object' && body !== null && 'session_token' in body) return body.session_token
  return bearerTokenOf(request)
}
