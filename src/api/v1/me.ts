/** `/v1/me`: the user that calls. */
import Type from 'typebox'
import type { OwnProfile } from '../../domain/accounts/user-profiles.ts'
import { json, noBody } from '../http/answers.ts'
import { logAuthEvent } from '../http/auth-log.ts'
import { servicesOf } from '../http/idempotency.ts'
import { networkOfRequest } from '../http/network.ts'
import { principalOf, requireCaller } from '../http/principals.ts'
import { limitedAs, limitedAuth } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { requireBearer, sessionOf } from '../http/session.ts'
import { conditionOf, etagOf, IF_MATCH } from './etag.ts'
import { ACCOUNT, USERS } from './tags.ts'
import { encodeOwnUser, EXAMPLE_OWN_USER, OwnUserSchema, ProfilePatchBody } from './user.ts'

const ERASURES_PER_MINUTE = 5
const MAX_PASSWORD_LENGTH = 1_024

/** Adds the routes, each with its whole path. */
export default async function me (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:read', isNarrowed: true })
    get(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:write', isNarrowed: true })
    patch(scope)
  })
  await app.register(async (scope) => {
    requireBearer(scope)
    erase(scope)
  })
}

function answerOf ({ services: { epoch } }: Scope, user: OwnProfile) {
  return encodeOwnUser(user, epoch.current)
}

function get (app: Scope): void {
  app.get(
    '/me',
    {
      schema: {
        operationId: 'getMe',
        tags: [USERS],
        summary: 'Get your own profile',
        response: { 200: json('The profile.', OwnUserSchema, EXAMPLE_OWN_USER) }
      }
    },
    async (request, reply) => {
      const user = await app.services.users.findOwn(principalOf(request))
      return reply.header('etag', etagOf(user.version)).send(answerOf(app, user))
    }
  )
}

function patch (app: Scope): void {
  app.patch(
    '/me',
    {
      config: { ...limitedAs('profiles'), errors: ['invalid_name', 'version_conflict'] },
      schema: {
        operationId: 'patchMe',
        tags: [USERS],
        summary: 'Change your own profile',
        description: 'By a JSON Merge Patch (RFC 7396), which may have the type `application/merge-patch+json`.',
        headers: Type.Object(IF_MATCH),
        body: ProfilePatchBody,
        response: { 200: json('The changed profile.', OwnUserSchema, EXAMPLE_OWN_USER) }
      }
    },
    async (request, reply) => {
      const user = await servicesOf(request).users.changeOwn(principalOf(request), request.body, conditionOf(request))
      return reply.header('etag', etagOf(user.version)).send(answerOf(app, user))
    }
  )
}

function erase (app: Scope): void {
  app.post(
    '/me::erase',
    {
      config: {
        ...limitedAuth('erase', ERASURES_PER_MINUTE),
        // Nobody could repeat it: the session ends with the account.
        idempotency: 'none',
        errors: ['wrong_password', 'overloaded']
      },
      schema: {
        operationId: 'eraseMe',
        tags: [ACCOUNT],
        summary: 'Erase your own account',
        description:
          'For good, with the texts of all your messages. A user of an application is erased by its backend: ' +
          '`DELETE /v1/users/{user}`.',
        body: Type.Object(
          { password: Type.String({ maxLength: MAX_PASSWORD_LENGTH, description: 'Your current password.' }) },
          { additionalProperties: false, examples: [{ password: 'a pass phrase that is long' }] }
        ),
        response: { 204: noBody('The account is erased. Its messages may take a while.') }
      }
    },
    async (request, reply) => {
      const { userId } = sessionOf(request)
      const { password } = request.body
      const erasing = app.services.accounts.removeOwn({ userId, password, network: networkOfRequest(request) })
      await logAuthEvent(request, 'delete', erasing, () => userId)
      return reply.code(204).send(null)
    }
  )
}
