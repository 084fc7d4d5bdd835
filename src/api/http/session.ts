/** The session of a request, authenticated by the hook of a face, and the header that any face may read it from. */
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import { ChatError } from '../../domain/errors.ts'
import type { Session } from '../../domain/accounts/sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the hook of a face; null on routes without a session. */
    session: Session | null
  }
}

/** The security scheme that the documents define. */
export const BEARER = 'bearer'

/** The session of a request. @throws {ChatError} `unauthenticated` without one */
export function sessionOf (request: FastifyRequest): Session {
  if (request.session === null) throw new ChatError('unauthenticated')
  return request.session
}

/** How tokens are authenticated: one of the ways of `access-tokens.ts`. */
export type Authenticate = FastifyInstance['accessTokens']['authenticate']

/**
 * Gives a request the session of a token, when it is its user's turn.
 * @throws {ChatError} `unauthenticated`, `rate_limited`
 */
export async function openSession (
  request: FastifyRequest,
  token: unknown,
  authenticate: Authenticate
): Promise<void> {
  request.session = await authenticate(token, (userId) => request.server.userTurns.wait(request, userId))
}

/**
 * The token of `Authorization: Bearer`, or undefined when the header is absent or anything else (RFC 6750, 2.1).
 * Clients of EmoteChat put `Bearer` before a token that begins with it.
 */
export function bearerTokenOf ({ headers }: FastifyRequest): string | undefined {
  return /^(?:Bearer +){1,2}(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

/** Makes every route of this scope need the session of `Authorization: Bearer`, checked before the body is read. */
export function requireBearer (app: FastifyInstance): void {
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request) => {
    await openSession(request, bearerTokenOf(request), app.accessTokens.authenticate)
  })
  documentSession(app, [{ [BEARER]: [] }])
}

/** Documents that all routes of a scope, added after this, need a session. */
export function documentSession (app: FastifyInstance, security: NonNullable<FastifySchema['security']>): void {
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security }
  })
}
