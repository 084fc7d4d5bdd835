/** The one who calls a route about chats. */
import type { FastifyRequest } from 'fastify'
import { type Actor, auditActorOf, type Caller } from '../../domain/chats/caller.ts'
import { ChatError } from '../../domain/errors.ts'
import type { AuditActor } from '../../domain/moderation/audit.ts'

/** The user, the key, or the key on behalf of the user that calls. */
export function callerOf ({ principal, apiKey, ip }: FastifyRequest): Caller {
  const user = principal === null ? null : { userId: principal.userId, username: principal.username }
  return { user, keyId: apiKey?.id ?? null, claim: principal?.chats, address: ip }
}

/** The same for the audit log. */
export function auditActorOfRequest (request: FastifyRequest): AuditActor {
  return auditActorOf(callerOf(request))
}

/** The same where it takes a user. @throws {ChatError} `user_required` */
export function userCallerOf (request: FastifyRequest): Caller & { user: Actor } {
  const { user, ...caller } = callerOf(request)
  if (user === null) throw new ChatError('user_required')
  return { ...caller, user }
}
