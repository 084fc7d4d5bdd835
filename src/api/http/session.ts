/** Whose request it is: a session that a dialect has made sure of, and the header that any of them may find it in. */
import type { FastifyRequest } from 'fastify'
import { ChatError } from '../../domain/errors.ts'
import type { Session } from '../../domain/accounts/sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the hook of a dialect; null on routes that anybody may call. */
    session: Session | null
  }
}

/** The session of a request. @throws {ChatError} `unauthenticated` without one */
export function sessionOf (request: FastifyRequest): Session {
  if (request.session === null) throw new ChatError('unauthenticated')
  return request.session
}

/** The token of `Authorization: Bearer`, or undefined when the header is absent or anything else (RFC 6750, 2.1). */
export function bearerTokenOf ({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}
