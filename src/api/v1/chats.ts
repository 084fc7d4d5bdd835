/** `/v1/chats`: chats of every type. */
import Type from 'typebox'
import { MAX_USERS } from '../../domain/chats/creating.ts'
import { json, noBody } from '../http/answers.ts'
import { servicesOf } from '../http/idempotency.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf, userCallerOf } from './caller.ts'
import { CHAT_PATH, ChatParams, UserId } from './chat-path.ts'
import { ChatSchema, encodeChat, EXAMPLE_CHAT } from './chat.ts'
import { DESCRIBED_PAGE_QUERY, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { conditionOf, etagOf, IF_MATCH } from './etag.ts'
import { CHATS } from './tags.ts'
import { DataSchema } from './user.ts'
import { sendChat, writtenChat } from './written-chat.ts'

const MAX_TEXT_LENGTH = 10_000

const TextOrNull = (description: string) =>
  Type.Union([Type.String({ maxLength: MAX_TEXT_LENGTH }), Type.Null()], { description })

const SETTINGS = {
  name: Type.Optional(TextOrNull('1 to 100 characters.')),
  description: Type.Optional(TextOrNull('1 to 2,000 characters.')),
  avatar: Type.Optional(TextOrNull('A URL with https or http.')),
  data: Type.Optional(DataSchema)
}

/** Users to add. */
export const MembersBody = Type.Array(
  Type.Object(
    { user: UserId, role: Type.Optional(Type.String({ description: 'Without it, that of the type.' })) },
    { additionalProperties: false }
  ),
  { maxItems: MAX_USERS }
)

const NewChatBody = Type.Object(
  {
    type: Type.String({ description: '`group`, `channel`, `broadcast`, or one of your own.' }),
    ...SETTINGS,
    members: Type.Optional(MembersBody)
  },
  {
    additionalProperties: false,
    examples: [{ type: 'group', name: 'Order 4711', members: [{ user: 'user-17' }, { user: 'ann', role: 'admin' }] }]
  }
)

const SettingsBody = Type.Object(SETTINGS, {
  additionalProperties: false, examples: [{ name: 'Order 4711', data: { open: false } }]
})

const ListQuery = Type.Object(
  { ...PAGE_QUERY, archived: Type.Optional(Type.Enum(['true', 'false'], { type: 'string' })) },
  { additionalProperties: false }
)
const DescribedListQuery = Type.Object({
  ...DESCRIBED_PAGE_QUERY,
  archived: Type.Optional(Type.Boolean({ description: 'Only those that you have archived, or that you have not.' }))
})

const FeedPosition = Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
  description: 'The position in your feed that the list is true for; null for an API key.'
})

const paging = new Paging(Type.Object({
  activeMs: Type.Integer({ minimum: 0, maximum: 8.64e15 }),
  chatId: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
}))

const CREATION_ERRORS = [
  'invalid_input', 'unknown_chat_type', 'unknown_user', 'unknown_role', 'forbidden', 'too_many_members', 'blocked',
  'updating', 'insufficient_scope'
] as const

/** Adds the routes. */
export default async function chats (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:read', isNarrowed: true })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:write' })
    create(scope)
    put(scope)
    putDirect(scope)
    update(scope)
    remove(scope)
  })
}

function list (app: Scope): void {
  app.get(
    '/chats',
    {
      config: { errors: ['invalid_input', 'insufficient_scope'], described: { query: DescribedListQuery } },
      schema: {
        operationId: 'listMyChats',
        tags: [CHATS],
        summary: 'List your chats',
        description: 'The latest active first. For an API key all chats, the latest made first.',
        querystring: ListQuery,
        response: {
          200: json(
            'A page of the chats.',
            Type.Object({ ...pageSchema(ChatSchema), pos: FeedPosition, epoch: Type.String() }),
            { items: [EXAMPLE_CHAT], next: null, prev: null, pos: 17, epoch: '7f3a' }
          )
        }
      }
    },
    async (request) => {
      const { chats, epoch, feeds } = app.services
      const { archived, ...query } = request.query
      const caller = callerOf(request)
      const name = `chats ${String(caller.user?.userId)} ${String(archived)}`
      const page = paging.read(query, name)
      // Read first, so that what the list misses is behind it.
      const pos = caller.user === null ? null : (await feeds.heads([caller.user.userId])).get(caller.user.userId) ?? 0
      const views = await chats.listOf(caller, page, archived === undefined ? undefined : archived === 'true')
      return {
        ...paging.page(page, name, views, {
          positionOf: ({ activeAt, chatId }) => ({ activeMs: activeAt.getTime(), chatId }),
          encode: (view) => encodeChat(view, epoch.current)
        }),
        pos,
        epoch: epoch.current
      }
    }
  )
}

function create (app: Scope): void {
  app.post(
    '/chats',
    {
      config: { ...limitedAs('chats'), errors: CREATION_ERRORS },
      schema: {
        operationId: 'postChat',
        tags: [CHATS],
        summary: 'Make a chat',
        description: 'A user who makes a chat has the highest role in it. One that a key makes may have no members.',
        body: NewChatBody,
        response: { 201: writtenChat('It is made.') }
      }
    },
    async (request, reply) => {
      const { id, seq } = await servicesOf(request).chats.create(callerOf(request), request.body)
      return sendChat(request, reply, { id, seq, status: 201 })
    }
  )
}

function put (app: Scope): void {
  app.put(
    CHAT_PATH,
    {
      config: {
        ...limitedAs('chats'),
        errors: [...CREATION_ERRORS, 'chat_exists', 'chat_deleted', 'chat_type_differs', 'unknown_chat']
      },
      schema: {
        operationId: 'putChat',
        tags: [CHATS],
        summary: 'Make the chat with an id of your own, unless there is one',
        description: 'A chat that is there stays as it is.',
        params: ChatParams,
        body: NewChatBody,
        response: { 200: writtenChat('It was there.'), 201: writtenChat('It is made.') }
      }
    },
    async (request, reply) => {
      const { id, seq, isNew } = await app.services.chats.put(callerOf(request), request.params.chat, request.body)
      return sendChat(request, reply, { id, seq, status: isNew ? 201 : 200 })
    }
  )
}

function putDirect (app: Scope): void {
  app.put(
    '/chats::direct',
    {
      config: {
        ...limitedAs('chats'),
        errors: ['unknown_user', 'chat_with_yourself', 'blocked', 'user_required', 'overloaded', 'insufficient_scope']
      },
      schema: {
        operationId: 'putDirectChat',
        tags: [CHATS],
        summary: 'Get your chat with another user',
        description: 'It is made if there is none; one who has left it is in it again.',
        body: Type.Object({ user: UserId }, { additionalProperties: false, examples: [{ user: 'user-17' }] }),
        response: { 200: writtenChat('It was there.'), 201: writtenChat('It is made.') }
      }
    },
    async (request, reply) => {
      const { user } = userCallerOf(request)
      const { id, isNew, seq } = await app.services.chats.putDirect(user, request.body.user)
      return sendChat(request, reply, { id, seq, status: isNew ? 201 : 200 })
    }
  )
}

function getOne (app: Scope): void {
  app.get(
    CHAT_PATH,
    {
      config: { errors: ['unknown_chat', 'forbidden', 'insufficient_scope'] },
      schema: {
        operationId: 'getChat',
        tags: [CHATS],
        summary: 'Get a chat',
        params: ChatParams,
        response: { 200: json('The chat.', ChatSchema, EXAMPLE_CHAT) }
      }
    },
    async (request, reply) => {
      const { chats, epoch } = app.services
      const view = await chats.get(callerOf(request), request.params.chat)
      return reply.header('etag', etagOf(view.state.version)).send(encodeChat(view, epoch.current))
    }
  )
}

function update (app: Scope): void {
  app.patch(
    CHAT_PATH,
    {
      config: {
        ...limitedAs('chats'),
        errors: [
          'invalid_input', 'unknown_chat', 'forbidden', 'chat_is_direct', 'version_conflict', 'updating',
          'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'updateChat',
        tags: [CHATS],
        summary: 'Change the settings of a chat',
        description: 'Takes `update_chat`. `null` takes a field away; `data` is merged (RFC 7396).',
        params: ChatParams,
        headers: Type.Object(IF_MATCH),
        body: SettingsBody,
        response: { 200: writtenChat('It is changed.') }
      }
    },
    async (request, reply) => {
      const { params: { chat: id }, body } = request
      const { seq } = await servicesOf(request).chats.update(callerOf(request), id, body, conditionOf(request))
      return sendChat(request, reply, { id, seq })
    }
  )
}

function remove (app: Scope): void {
  app.delete(
    CHAT_PATH,
    {
      config: {
        ...limitedAs('chats'),
        errors: ['unknown_chat', 'forbidden', 'version_conflict', 'updating', 'insufficient_scope']
      },
      schema: {
        operationId: 'removeChat',
        tags: [CHATS],
        summary: 'Delete a chat',
        description: 'Takes `delete_chat`. Its messages are gone for all.',
        params: ChatParams,
        headers: Type.Object(IF_MATCH),
        response: { 204: noBody('It is deleted.') }
      }
    },
    async (request, reply) => {
      await app.services.chats.remove(callerOf(request), request.params.chat, conditionOf(request))
      return reply.code(204).send(null)
    }
  )
}
