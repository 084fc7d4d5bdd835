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

/** The token of `Authorization: Bearer`, or undefined when the header is absent or anything else (RFC 6750, 2.1). */
export function bearerTokenOf ({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

/** Documents that all routes of a scope, added after this, need a session. */
export function documentSession (app: FastifyInstance, security: NonNullable<FastifySchema['security']>): void {
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security }
  })
}
