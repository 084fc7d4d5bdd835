/** `/v1/keys`: the API keys of the application's backend. */
import Type, { type Static } from 'typebox'
import { type ApiKeySummary, SCOPES } from '../../domain/accounts/api-keys.ts'
import { json, noBody } from '../http/answers.ts'
import { servicesOf } from '../http/idempotency.ts'
import { apiKeyOf, requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { auditActorOfRequest } from './caller.ts'
import { INTEGRATION } from './tags.ts'

const MAX_NAME_LENGTH = 100
const Time = (description: string) => Type.String({ format: 'date-time', description })

const KeyFields = {
  id: Type.String({ description: 'The public part of the key, which is in the key itself.' }),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  created_at: Time('When it was made.'),
  expires_at: Type.Union([Time('Its end.'), Type.Null()]),
  last_used_at: Type.Union([Time('When it was last used, to the minute.'), Type.Null()])
}
const KeySchema = Type.Object(KeyFields, { title: 'ApiKey' })
const NewKeySchema = Type.Object(
  {
    ...KeyFields,
    secret: Type.Optional(Type.String({ description: 'The key. It is not shown again, nor in a repetition.' }))
  },
  { title: 'NewApiKey' }
)

const EXAMPLE: Static<typeof KeySchema> = {
  id: '0123456789abcdef',
  name: 'the shop',
  scopes: ['users:write', 'chats:read'],
  created_at: '2026-01-31T12:34:56.789Z',
  expires_at: null,
  last_used_at: null
}

const Params = Type.Object({ key: Type.String({ maxLength: 64, description: 'The id of the key.' }) })
const Body = Type.Object(
  {
    scopes: Type.Array(Type.Enum([...SCOPES], { type: 'string' }), {
      minItems: 1, maxItems: SCOPES.length, description: 'Some of those that the calling key has.'
    }),
    name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH })),
    expires_at: Type.Optional(Type.String({
      format: 'date-time', description: 'Not later than that of the calling key, which is the default.'
    }))
  },
  { additionalProperties: false, examples: [{ name: 'the shop', scopes: ['users:write'] }] }
)

/** Adds the routes. */
export default async function keys (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'keys:read' })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'keys:write' })
    create(scope)
    revoke(scope)
  })
}

function list (app: Scope): void {
  app.get(
    '/',
    {
      config: { errors: ['insufficient_scope'] },
      schema: {
        operationId: 'listKeys',
        tags: [INTEGRATION],
        summary: 'List the API keys',
        description: 'All of them on one page, the oldest first; not those that are revoked.',
        response: {
          200: json(
            'The keys.',
            Type.Object({ items: Type.Array(KeySchema), next: Type.Null(), prev: Type.Null() }),
            { items: [EXAMPLE], next: null, prev: null }
          )
        }
      }
    },
    async () => ({ items: (await app.services.apiKeys.list()).map(encodeKey), next: null, prev: null })
  )
}

function getOne (app: Scope): void {
  app.get(
    '/:key',
    {
      config: { errors: ['unknown_key', 'insufficient_scope'] },
      schema: {
        operationId: 'getKey',
        tags: [INTEGRATION],
        summary: 'Get an API key',
        params: Params,
        response: { 200: json('The key, without its secret.', KeySchema, EXAMPLE) }
      }
    },
    async (request) => encodeKey(await app.services.apiKeys.find(request.params.key))
  )
}

function create (app: Scope): void {
  app.post(
    '/',
    {
      config: { errors: ['insufficient_scope'], idempotency: { secret: ['secret'] } },
      schema: {
        operationId: 'createKey',
        tags: [INTEGRATION],
        summary: 'Make an API key',
        description: 'Only a hash of it is stored.',
        body: Body,
        response: { 201: json('The key.', NewKeySchema, { ...EXAMPLE, secret: 'cfk_0123456789abcdef_the-secret' }) }
      }
    },
    async (request, reply) => {
      const { scopes, name = '', expires_at: end } = request.body
      const expiresAt = end === undefined ? null : new Date(end)
      const { apiKeys } = servicesOf(request)
      const { secret, summary } = await apiKeys.grant(
        apiKeyOf(request), { scopes, name, expiresAt }, auditActorOfRequest(request)
      )
      return reply.code(201).send({ ...encodeKey(summary), secret })
    }
  )
}

function revoke (app: Scope): void {
  app.delete(
    '/:key',
    {
      config: { errors: ['unknown_key', 'insufficient_scope'] },
      schema: {
        operationId: 'revokeKey',
        tags: [INTEGRATION],
        summary: 'Revoke an API key',
        description: 'It is refused on every replica from now on. It may be the calling one.',
        params: Params,
        response: { 204: noBody('It is refused.') }
      }
    },
    async (request, reply) => {
      await app.services.apiKeys.revoke(request.params.key, auditActorOfRequest(request))
      return reply.code(204).send(null)
    }
  )
}

function encodeKey ({ id, name, scopes, createdAt, expiresAt, lastUsedAt }: ApiKeySummary): Static<typeof KeySchema> {
  return {
    id,
    name,
    scopes: [...scopes],
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
    last_used_at: lastUsedAt?.toISOString() ?? null
  }
}
