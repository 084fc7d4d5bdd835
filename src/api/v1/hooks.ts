/** `/v1/hooks/before-message`: the application is asked before a message is stored. */
import Type, { type Static } from 'typebox'
import {
  DEFAULT_TIMEOUT_MS, type HookRow, MAX_TIMEOUT_MS, MIN_TIMEOUT_MS
} from '../../domain/message-hook/settings.ts'
import { json, noBody } from '../http/answers.ts'
import { requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { auditActorOfRequest } from './caller.ts'
import { conditionOf, etagOf, IF_MATCH } from './etag.ts'
import { INTEGRATION } from './tags.ts'
import { EXAMPLE_SECRET, overlapOf, TargetChatTypes, TargetUrl } from './webhooks/webhook.ts'

const URL = '/before-message'
const OnFailure = Type.Enum(['allow', 'deny'], {
  type: 'string', description: 'What becomes of a message when there is no good answer in time.'
})

const Body = Type.Object(
  {
    url: TargetUrl,
    timeout_ms: Type.Optional(Type.Integer({
      minimum: MIN_TIMEOUT_MS,
      maximum: MAX_TIMEOUT_MS,
      description: `How long its server may take to answer; by default ${String(DEFAULT_TIMEOUT_MS)}.`
    })),
    on_failure: OnFailure,
    chat_types: Type.Optional(TargetChatTypes),
    rotate_secret: Type.Optional(Type.Boolean({
      description: 'Gives it another secret; for 24 hours requests are signed by the last one, too.'
    }))
  },
  {
    additionalProperties: false,
    examples: [{ url: 'https://shop.example/confab/before-message', timeout_ms: 500, on_failure: 'allow' }]
  }
)

const ANSWER = {
  url: Type.String(),
  timeout_ms: Type.Integer(),
  on_failure: OnFailure,
  chat_types: Type.Union([Type.Array(Type.String()), Type.Null()]),
  previous_secret_until: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  created_at: Type.String({ format: 'date-time' })
}
const HookSchema = Type.Object(ANSWER, { title: 'BeforeMessageHook' })
const HookWithSecretSchema = Type.Object(
  {
    ...ANSWER,
    secret: Type.Optional(Type.String({ description: 'When it is new. Questions are signed with it; shown once.' }))
  },
  { title: 'BeforeMessageHookWithSecret' }
)

const EXAMPLE: Static<typeof HookSchema> = {
  url: 'https://shop.example/confab/before-message',
  timeout_ms: 500,
  on_failure: 'allow',
  chat_types: null,
  previous_secret_until: null,
  created_at: '2026-01-31T12:34:56.789Z'
}

/** Adds the routes. */
export default async function hooks (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'webhooks:read' })
    get(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'webhooks:write' })
    put(scope)
    remove(scope)
  })
}

function get (app: Scope): void {
  app.get(
    URL,
    {
      config: { errors: ['unknown_hook', 'insufficient_scope'] },
      schema: {
        operationId: 'getBeforeMessageHook',
        tags: [INTEGRATION],
        summary: 'Get the hook before a message',
        response: { 200: json('The hook, without its secret.', HookSchema, EXAMPLE) }
      }
    },
    async (_request, reply) => {
      const hook = await app.services.messageHook.find()
      return reply.header('etag', etagOf(hook.version)).send(encodeHook(hook))
    }
  )
}

function put (app: Scope): void {
  app.put(
    URL,
    {
      config: { errors: ['invalid_input', 'version_conflict', 'insufficient_scope'] },
      schema: {
        operationId: 'putBeforeMessageHook',
        tags: [INTEGRATION],
        summary: 'Set the hook before a message, or change it',
        description:
          'From now on your server is asked before a message or an edit is stored, and may allow it, deny it, or ' +
          'replace its text and data.',
        headers: Type.Object(IF_MATCH),
        body: Body,
        response: {
          200: json('It is changed.', HookWithSecretSchema, EXAMPLE),
          201: json('It is set.', HookWithSecretSchema, { ...EXAMPLE, secret: EXAMPLE_SECRET })
        }
      }
    },
    async (request, reply) => {
      const {
        url, timeout_ms: timeoutMs, on_failure: onFailure, chat_types: chatTypes, rotate_secret: rotatesSecret
      } = request.body
      const { hook, secret, isNew } =
        await app.services.messageHook.put(
          { url, timeoutMs, onFailure, chatTypes, rotatesSecret }, conditionOf(request), auditActorOfRequest(request)
        )
      reply.code(isNew ? 201 : 200).header('etag', etagOf(hook.version))
      return reply.send({ ...encodeHook(hook), ...(secret !== undefined && { secret }) })
    }
  )
}

function remove (app: Scope): void {
  app.delete(
    URL,
    {
      config: { errors: ['unknown_hook', 'version_conflict', 'insufficient_scope'] },
      schema: {
        operationId: 'deleteBeforeMessageHook',
        tags: [INTEGRATION],
        summary: 'Remove the hook before a message',
        headers: Type.Object(IF_MATCH),
        response: { 204: noBody('Nothing is asked any more.') }
      }
    },
    async (request, reply) => {
      await app.services.messageHook.remove(conditionOf(request), auditActorOfRequest(request))
      return reply.code(204).send(null)
    }
  )
}

function encodeHook (
  { url, timeoutMs, onFailure, chatTypes, previousUntil, createdAt }: HookRow
): Static<typeof HookSchema> {
  return {
    url,
    timeout_ms: timeoutMs,
    on_failure: onFailure,
    chat_types: chatTypes,
    previous_secret_until: overlapOf(previousUntil),
    created_at: createdAt.toISOString()
  }
}
