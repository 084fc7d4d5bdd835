/** `/v1/chats/{chat}/invites`: codes that let their bearers join a chat. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import type { ChatInvite } from '../../domain/chats/chat-invites.ts'
import { ChatError } from '../../domain/errors.ts'
import { json, noBody } from '../http/answers.ts'
import { servicesOf } from '../http/idempotency.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf, userCallerOf } from './caller.ts'
import { CHAT_PARAMS, ChatParams, IN_CHAT_PATH } from './chat-path.ts'
import { sendChat, writtenChat } from './written-chat.ts'
import { DESCRIBED_PAGE_QUERY, IdPosition, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { MEMBERS } from './tags.ts'

const ListPath = `${IN_CHAT_PATH}/invites`
const InvitePath = `${ListPath}/:invite`
const MAX_CODE_LENGTH = 64
const MAX_USES = 1_000_000

const InviteParams = Type.Object({
  ...CHAT_PARAMS, invite: Type.String({ maxLength: 16, description: 'The id of the invite.' })
})
const TimeOrNull = Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'Null for no end.' })

const InviteSchema = Type.Object(
  {
    id: Type.String(),
    code: Type.String({ description: 'The bearer of the code may join.' }),
    created_by: Type.Union([Type.String(), Type.Null()], { description: 'A user; null when a key made it.' }),
    max_uses: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: 'Null for no limit.' }),
    uses: Type.Integer({ minimum: 0 }),
    created_at: Type.String({ format: 'date-time' }),
    expires_at: TimeOrNull
  },
  { title: 'ChatInvite' }
)

const EXAMPLE: Static<typeof InviteSchema> = {
  id: '17',
  code: 'Q2hhdCBpbnZpdGUgY29kZQ',
  created_by: 'user-17',
  max_uses: 10,
  uses: 0,
  created_at: '2026-11-28T10:15:04.512Z',
  expires_at: null
}

const NewInviteBody = Type.Object(
  {
    max_uses: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: MAX_USES }), Type.Null()])),
    expires_at: Type.Optional(TimeOrNull)
  },
  { additionalProperties: false, examples: [{ max_uses: 10 }] }
)

const ERRORS_OF_INVITES = ['unknown_chat', 'forbidden', 'insufficient_scope'] as const
const paging = new Paging(IdPosition)

/** Adds the routes. */
export default async function chatInvites (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:read' })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:write' })
    create(scope)
    remove(scope)
    accept(scope)
  })
}

function encodeInvite (invite: ChatInvite): Static<typeof InviteSchema> {
  const { id, code, createdBy, maxUses, uses, createdAt, expiresAt } = invite
  return {
    id: String(id),
    code,
    created_by: createdBy === null ? null : userIdOf(createdBy.userId, createdBy.username) ?? null,
    max_uses: maxUses,
    uses,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null
  }
}

/** The number of an invite. @throws {ChatError} `unknown_invite` for what can be none */
function inviteIdOf (text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new ChatError('unknown_invite')
  return Number(text)
}

function list (app: Scope): void {
  app.get(
    ListPath,
    {
      config: {
        errors: [...ERRORS_OF_INVITES, 'invalid_input'], described: { query: Type.Object(DESCRIBED_PAGE_QUERY) }
      },
      schema: {
        operationId: 'listChatInvites',
        tags: [MEMBERS],
        summary: 'List the invites to a chat',
        description: 'Takes `add_members`.',
        params: ChatParams,
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: {
          200: json(
            'A page of the invites.',
            Type.Object(pageSchema(InviteSchema)),
            { items: [EXAMPLE], next: null, prev: null }
          )
        }
      }
    },
    async (request) => {
      const { query, params: { chat } } = request
      const name = `invites ${chat}`
      const page = paging.read(query, name)
      const invites = await app.services.chats.listInvites(callerOf(request), chat, page)
      return paging.page(page, name, invites, { positionOf: ({ id }) => id, encode: encodeInvite })
    }
  )
}

function getOne (app: Scope): void {
  app.get(
    InvitePath,
    {
      config: { errors: [...ERRORS_OF_INVITES, 'unknown_invite'] },
      schema: {
        operationId: 'getChatInvite',
        tags: [MEMBERS],
        summary: 'Get an invite to a chat',
        params: InviteParams,
        response: { 200: json('The invite.', InviteSchema, EXAMPLE) }
      }
    },
    async (request) => {
      const { chat, invite } = request.params
      return encodeInvite(await app.services.chats.findInvite(callerOf(request), chat, inviteIdOf(invite)))
    }
  )
}

function create (app: Scope): void {
  app.post(
    ListPath,
    {
      config: {
        ...limitedAs('members'),
        errors: [...ERRORS_OF_INVITES, 'invalid_input', 'chat_is_direct', 'updating']
      },
      schema: {
        operationId: 'createChatInvite',
        tags: [MEMBERS],
        summary: 'Make an invite to a chat',
        description: 'Takes `add_members`.',
        params: ChatParams,
        body: NewInviteBody,
        response: { 201: json('The invite.', InviteSchema, EXAMPLE) }
      }
    },
    async (request, reply) => {
      const { max_uses: maxUses = null, expires_at: end = null } = request.body
      const expiresAt = end === null ? null : new Date(end)
      const { chats } = servicesOf(request)
      const invite = await chats.createInvite(callerOf(request), request.params.chat, { maxUses, expiresAt })
      return reply.code(201).send(encodeInvite(invite))
    }
  )
}

function remove (app: Scope): void {
  app.delete(
    InvitePath,
    {
      config: { ...limitedAs('members'), errors: [...ERRORS_OF_INVITES, 'unknown_invite', 'updating'] },
      schema: {
        operationId: 'deleteChatInvite',
        tags: [MEMBERS],
        summary: 'Delete an invite to a chat',
        description: 'Takes `add_members`. Who has joined with it stays.',
        params: InviteParams,
        response: { 204: noBody('It is deleted.') }
      }
    },
    async (request, reply) => {
      const { chat, invite } = request.params
      await app.services.chats.deleteInvite(callerOf(request), chat, inviteIdOf(invite))
      return reply.code(204).send(null)
    }
  )
}

function accept (app: Scope): void {
  app.post(
    '/invites/:code(^[^:/]+)::accept',
    {
      config: {
        ...limitedAs('members'),
        errors: ['unknown_invite', 'banned', 'too_many_members', 'user_required', 'updating', 'insufficient_scope']
      },
      schema: {
        operationId: 'acceptChatInvite',
        tags: [MEMBERS],
        summary: 'Join a chat with the code of an invite',
        description: 'For a member nothing changes, and the invite is not used.',
        params: Type.Object({ code: Type.String({ maxLength: MAX_CODE_LENGTH }) }),
        body: Type.Object({}, { additionalProperties: false, examples: [{}] }),
        response: { 200: writtenChat('You are a member.') }
      }
    },
    async (request, reply) => {
      const { user } = userCallerOf(request)
      const { id, seq } = await servicesOf(request).chats.acceptInvite(user, request.params.code)
      return sendChat(request, reply, { id, seq })
    }
  )
}
