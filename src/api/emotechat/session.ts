/**
 * Sessions of the EmoteChat face: `Authorization: Bearer`. Routes registered inside {@link requireSession} have a
 * session.
 */
import type { FastifyInstance } from 'fastify'
import { BEARER, bearerTokenOf, documentSession } from '../http/session.ts'

/** Makes every route of this scope need a session, which is checked before the body is read. */
export function requireSession (app: FastifyInstance): void {
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request) => {
    request.session = await app.accessTokens.authenticate(bearerTokenOf(request))
  })
  documentSession(app, [{ [BEARER]: [] }])
}
