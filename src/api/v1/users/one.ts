/** `/v1/users/{user}`. */
import Type from 'typebox'
import { json, noBody } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { conditionOf, etagOf, IF_MATCH } from '../etag.ts'
import { USERS } from '../tags.ts'
import { encodeUser, EXAMPLE_USER, PROFILE_FIELDS, ProfilePatchBody, UserSchema } from '../user.ts'
import { USER, UserParams } from './parameters.ts'

const ProfileBody = Type.Object(PROFILE_FIELDS, {
  additionalProperties: false, examples: [{ name: 'Ann Example', data: { plan: 'pro' } }]
})

/** `GET`. */
export function getOne (app: Scope): void {
  app.get(
    `/${USER}`,
    {
      schema: {
        operationId: 'getUser',
        tags: [USERS],
        summary: 'Get a user',
        params: UserParams,
        response: { 200: json('The user.', UserSchema, EXAMPLE_USER) }
      }
    },
    async (request, reply) => {
      const user = await app.services.users.find(request.params.user)
      return reply.header('etag', etagOf(user.version)).send(encodeUser(user))
    }
  )
}

/** `PUT`. */
export function put (app: Scope): void {
  app.put(
    `/${USER}`,
    {
      config: { errors: ['unknown_user', 'invalid_name', 'user_erased'] },
      schema: {
        operationId: 'putUser',
        tags: [USERS],
        summary: 'Create or replace a user of your application',
        description: 'Needs an API key with `users:write`. A user need not be created: the first token does it, too.',
        params: UserParams,
        body: ProfileBody,
        response: {
          200: json('The profile is replaced.', UserSchema, EXAMPLE_USER),
          201: json('The user is created.', UserSchema, EXAMPLE_USER)
        }
      }
    },
    async (request, reply) => {
      const { user, isNew } = await app.services.users.put(request.params.user, request.body)
      return reply.code(isNew ? 201 : 200).header('etag', etagOf(user.version)).send(encodeUser(user))
    }
  )
}

/** `PATCH`. */
export function patch (app: Scope): void {
  app.patch(
    `/${USER}`,
    {
      config: { errors: ['unknown_user', 'invalid_name', 'version_conflict'] },
      schema: {
        operationId: 'patchUser',
        tags: [USERS],
        summary: 'Change the profile of a user',
        description:
          'By a JSON Merge Patch (RFC 7396), which may have the type `application/merge-patch+json`. It may be an ' +
          'account of ours.',
        params: UserParams,
        headers: Type.Object(IF_MATCH),
        body: ProfilePatchBody,
        response: { 200: json('The changed profile.', UserSchema, EXAMPLE_USER) }
      }
    },
    async (request, reply) => {
      const { params, body } = request
      const user = await servicesOf(request).users.change(params.user, body, conditionOf(request))
      return reply.header('etag', etagOf(user.version)).send(encodeUser(user))
    }
  )
}

/** `DELETE`. */
export function erase (app: Scope): void {
  app.delete(
    `/${USER}`,
    {
      config: { errors: ['unknown_user'] },
      schema: {
        operationId: 'eraseUser',
        tags: [USERS],
        summary: 'Erase a user',
        description:
          'For good: the profile and the texts of all messages, whose places remain without an author. Sockets are ' +
          'closed on every replica, and the id is not given out again.',
        params: UserParams,
        response: { 204: noBody('The user is erased. The messages of one who wrote many may take a while.') }
      }
    },
    async (request, reply) => {
      await app.services.userAdministration.erase(request.params.user, auditActorOfRequest(request))
      return reply.code(204).send(null)
    }
  )
}
