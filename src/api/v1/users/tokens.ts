/** `/v1/users/{user}:suspend`, `:resume` and `/tokens:revoke`: who may get in. */
import Type from 'typebox'
import { noBody } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { USERS } from '../tags.ts'
import { USER_OF_ACTION, UserParams } from './parameters.ts'

const RevocationBody = Type.Object(
  {
    before: Type.Optional(Type.String({
      format: 'date-time', description: 'Tokens that were issued until then are refused; by default now.'
    }))
  },
  { additionalProperties: false, examples: [{}] }
)

/** Locks a user out. */
export function suspend (app: Scope): void {
  app.post(
    `/${USER_OF_ACTION}::suspend`,
    {
      config: { errors: ['unknown_user'] },
      schema: {
        operationId: 'suspendUser',
        tags: [USERS],
        summary: 'Lock a user out',
        description:
          'Until the user is resumed, all tokens and sessions are refused on every replica, and sockets are closed. ' +
          'Messages and chats stay.',
        params: UserParams,
        response: { 204: noBody('The user is suspended.') }
      }
    },
    async (request, reply) => {
      await servicesOf(request).userAdministration.suspend(
        request.params.user, auditActorOfRequest(request)
      )
      return reply.code(204).send(null)
    }
  )
}

/** Lets a user in again. */
export function resume (app: Scope): void {
  app.post(
    `/${USER_OF_ACTION}::resume`,
    {
      config: { errors: ['unknown_user'] },
      schema: {
        operationId: 'resumeUser',
        tags: [USERS],
        summary: 'Let a suspended user in again',
        description: 'Tokens that are not revoked are good again; an account of ours has to log in.',
        params: UserParams,
        response: { 204: noBody('The user is not suspended.') }
      }
    },
    async (request, reply) => {
      await servicesOf(request).userAdministration.resume(
        request.params.user, auditActorOfRequest(request)
      )
      return reply.code(204).send(null)
    }
  )
}

/** Refuses tokens. */
export function revokeTokens (app: Scope): void {
  app.post(
    `/${USER_OF_ACTION}/tokens::revoke`,
    {
      config: { errors: ['unknown_user', 'user_erased'] },
      schema: {
        operationId: 'revokeTokens',
        tags: [USERS],
        summary: 'Refuse the tokens of a user',
        description:
          'Needs an API key with `users:write`. Tokens that were issued until now, or until `before`, are refused on ' +
          'every replica, and their sockets are closed; sessions of an account end. The user need not be known yet.',
        params: UserParams,
        body: RevocationBody,
        response: { 204: noBody('They are refused.') }
      }
    },
    async (request, reply) => {
      const { before } = request.body
      await servicesOf(request).applicationUsers.revokeTokens(
        request.params.user, before === undefined ? undefined : new Date(before), auditActorOfRequest(request)
      )
      return reply.code(204).send(null)
    }
  )
}
