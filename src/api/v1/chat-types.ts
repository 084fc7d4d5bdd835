/** `/v1/chat-types`: what decides the rights in chats. */
import Type, { type Static } from 'typebox'
import {
  BUILT_IN_TYPES, CHAT_TYPE_PATTERN, type ChatTypeDefinition, PERMISSIONS
} from '../../domain/chats/chat-types.ts'
import type { ChatTypeRow } from '../../domain/chats/defining-types.ts'
import { json } from '../http/answers.ts'
import { requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { auditActorOfRequest } from './caller.ts'
import { CHATS } from './tags.ts'

const MAX_MEMBERS = 10_000_000
const MAX_TEXT_LENGTH = 4_000
const MAX_SLOW_MODE_S = 86_400

const Flag = (description: string) => Type.Boolean({ description })
const LimitOrNull = (maximum: number, description: string) =>
  Type.Union([Type.Integer({ minimum: 1, maximum }), Type.Null()], { description })

const DEFINITION = {
  roles: Type.Record(Type.String(), Type.Array(Type.Enum([...PERMISSIONS], { type: 'string' })), {
    description:
      'The permissions of each role, the highest role first. A role that members may have cannot be taken away.'
  }),
  default_role: Type.String({ description: 'Of those who join, or are added without a role.' }),
  creator_role: Type.String({ description: 'Of the user who makes a chat.' }),
  visibility: Type.Enum(['private', 'public'], {
    type: 'string', description: 'Whether anybody may read its chats and join them.'
  }),
  history: Type.Enum(['all', 'from_join'], { type: 'string', description: 'Which events a new member sees.' }),
  features: Type.Object(
    {
      receipts: Flag('Whether others see what a member has read.'),
      typing: Flag('Whether others see that a member is typing.'),
      threads: Flag('Whether messages may have a thread.'),
      reactions: Flag('Whether messages may have reactions.'),
      attachments: Flag('Whether messages may have files.')
    },
    { additionalProperties: false }
  ),
  limits: Type.Object(
    {
      max_members: LimitOrNull(MAX_MEMBERS, 'Null for no limit.'),
      text: LimitOrNull(MAX_TEXT_LENGTH, 'Longest text of a message, in characters; null for that of the server.'),
      slow_mode_s: LimitOrNull(
        MAX_SLOW_MODE_S, 'Seconds between two messages of a member, but for roles with `moderate`; null for none.'
      )
    },
    { additionalProperties: false }
  ),
  reactions: Type.Enum(['one', 'many'], { type: 'string', description: 'How many a user may have on a message.' }),
  retention_days: Type.Null({ description: 'Reserved.' })
}

const TypeSchema = Type.Object(
  { type: Type.String({ pattern: CHAT_TYPE_PATTERN }), ...DEFINITION, version: Type.Integer({ minimum: 1 }) },
  { title: 'ChatType' }
)

const EXAMPLE_DEFINITION = encodeDefinition(BUILT_IN_TYPES.group)
const EXAMPLE = { type: 'group', ...EXAMPLE_DEFINITION, version: 1 }

/** Adds the routes. */
export default async function chatTypes (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:read' })
    list(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'chats:write' })
    put(scope)
  })
}

function encodeType ({ type, definition, version }: ChatTypeRow): Static<typeof TypeSchema> {
  return { type, ...encodeDefinition(definition), version }
}

function encodeDefinition ({ roles, ...definition }: ChatTypeDefinition) {
  const { features, limits } = definition
  return {
    ...definition,
    roles: Object.fromEntries(roles.map(({ role, permissions }) => [
      role, PERMISSIONS.filter((permission) => permissions.includes(permission))
    ])),
    features,
    limits,
    retention_days: null
  }
}

function list (app: Scope): void {
  app.get(
    '/',
    {
      config: { errors: ['insufficient_scope'] },
      schema: {
        operationId: 'listChatTypes',
        tags: [CHATS],
        summary: 'List the types of chats',
        description: 'All of them on one page: those that are built in, then those of your application.',
        response: {
          200: json(
            'The types.',
            Type.Object({ items: Type.Array(TypeSchema), next: Type.Null(), prev: Type.Null() }),
            { items: [EXAMPLE], next: null, prev: null }
          )
        }
      }
    },
    async () => ({ items: (await app.services.chats.types()).map(encodeType), next: null, prev: null })
  )
}

function put (app: Scope): void {
  app.put(
    '/:type',
    {
      config: { errors: ['invalid_input', 'built_in_chat_type', 'insufficient_scope'] },
      schema: {
        operationId: 'putChatType',
        tags: [CHATS],
        summary: 'Define a type of chats, or change it for all chats that have it',
        description: 'Needs an API key with `chats:write`. The types that are built in do not change.',
        params: Type.Object({ type: Type.String({ maxLength: 64 }) }),
        body: Type.Object(DEFINITION, { additionalProperties: false, examples: [EXAMPLE_DEFINITION] }),
        response: {
          200: json('It is as requested.', TypeSchema, EXAMPLE), 201: json('It is added.', TypeSchema, EXAMPLE)
        }
      }
    },
    async (request, reply) => {
      const { params: { type }, body: { roles, ...definition } } = request
      // A record whose names are no integers keeps their order.
      const named: ChatTypeDefinition['roles'] = Object.entries(roles).map(([role, permissions]) => ({
        role, permissions: PERMISSIONS.filter((permission) => permissions.includes(permission))
      }))
      const { row, isNew } = await app.services.chats.putType(
        type, { ...definition, roles: named }, auditActorOfRequest(request)
      )
      return reply.code(isNew ? 201 : 200).send(encodeType(row))
    }
  )
}
