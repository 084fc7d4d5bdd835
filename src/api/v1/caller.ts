/** The one who calls a route about chats. */
import type { FastifyRequest } from 'fastify'
import type { Actor, Caller } from '../../domain/chats/membership.ts'
import { ChatError } from '../../domain/errors.ts'

/** The user, the key, or the key on behalf of the user that calls. */
export function callerOf ({ principal, apiKey }: FastifyRequest): Caller {
  const user = principal === null ? null : { userId: principal.userId, username: principal.username }
  return { user, keyId: apiKey?.id ?? null, claim: principal?.chats }
}

/** The same where it takes a user. @throws {ChatError} `user_required` */
export function userCallerOf (request: FastifyRequest): Caller & { user: Actor } {
  const { user, ...caller } = callerOf(request)
  if (user === null) throw new ChatError('user_required')
  return { ...caller, user }
}
