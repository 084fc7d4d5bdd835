/**
 * Whose request it is: `Authorization: Bearer`. Routes registered inside {@link requireSession} can count on a session.
 */
import type { FastifyInstance } from 'fastify'
import { bearerTokenOf } from '../http/session.ts'

/**
 * Makes every route of this plugin need a session, checked before the body is read.
 */
export function requireSession (app: FastifyInstance): void {
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request) => {
    request.session = await app.accessTokens.authenticate(bearerTokenOf(request))
  })
}
