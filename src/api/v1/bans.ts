/** `/v1/chats/{chat}/bans`: who may not come to a chat. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import { type Ban, MAX_BAN_REASON_LENGTH } from '../../domain/chats/bans.ts'
import { json, noBody } from '../http/answers.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf } from './caller.ts'
import { CHAT_PARAMS, ChatParams, IN_CHAT_PATH } from './chat-path.ts'
import { DESCRIBED_PAGE_QUERY, IdPosition, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { MODERATION } from './tags.ts'
import { UserOfPath } from './users/parameters.ts'

const ListPath = `${IN_CHAT_PATH}/bans`
const BanPath = `${ListPath}/:user`
const BanParams = Type.Object({ ...CHAT_PARAMS, user: UserOfPath })

const TimeOrNull = Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'Null for no end.' })
const Actor = Type.Object(
  { user: Type.Optional(Type.Union([Type.String(), Type.Null()])), key: Type.Optional(Type.String()) },
  { description: 'Who did it: a user, null when it is erased; an API key; or one on behalf of the other.' }
)

const BanSchema = Type.Object(
  {
    user: Type.Union([Type.String(), Type.Null()], { description: 'The user who is banned.' }),
    reason: Type.String(),
    until: TimeOrNull,
    created_at: Type.String({ format: 'date-time' }),
    by: Actor
  },
  { title: 'Ban' }
)

const EXAMPLE: Static<typeof BanSchema> = {
  user: 'user-17',
  reason: 'Advertising',
  until: '2026-12-28T10:15:04.512Z',
  created_at: '2026-11-28T10:15:04.512Z',
  by: { user: 'ann' }
}

const BanBody = Type.Object(
  {
    reason: Type.Optional(Type.String({ maxLength: MAX_BAN_REASON_LENGTH, description: 'For the moderators alone.' })),
    until: Type.Optional(TimeOrNull)
  },
  { additionalProperties: false, examples: [{ reason: 'Advertising', until: '2026-12-28T10:15:04.512Z' }] }
)

const WrittenSchema = Type.Object({
  seq: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: 'The seq of `member.removed`; null when the user was no member.'
  }),
  ban: BanSchema
})
const written = (description: string) => json(description, WrittenSchema, { seq: 118, ban: EXAMPLE })

const ERRORS_OF_BANS = ['unknown_chat', 'forbidden', 'insufficient_scope'] as const
const paging = new Paging(IdPosition)

/** Adds the routes. */
export default async function bans (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'moderation:read' })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'moderation:write' })
    put(scope)
    remove(scope)
  })
}

function encodeBan ({ userId, username, by, keyId, reason, createdAt, until }: Ban): Static<typeof BanSchema> {
  return {
    user: userIdOf(userId, username) ?? null,
    reason,
    until: until?.toISOString() ?? null,
    created_at: createdAt.toISOString(),
    by: {
      ...(by !== null && { user: userIdOf(by.userId, by.username) ?? null }), ...(keyId !== null && { key: keyId })
    }
  }
}

function list (app: Scope): void {
  app.get(
    ListPath,
    {
      config: {
        errors: [...ERRORS_OF_BANS, 'invalid_input'], described: { query: Type.Object(DESCRIBED_PAGE_QUERY) }
      },
      schema: {
        operationId: 'listBans',
        tags: [MODERATION],
        summary: 'List who is banned from a chat',
        description: 'Takes `moderate`. In the order in which they were banned; not those whose bans have ended.',
        params: ChatParams,
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: {
          200: json('A page of the bans.', Type.Object(pageSchema(BanSchema)), {
            items: [EXAMPLE], next: null, prev: null
          })
        }
      }
    },
    async (request) => {
      const { query, params: { chat } } = request
      const name = `bans ${chat}`
      const page = paging.read(query, name)
      const rows = await app.services.chats.bans.list(callerOf(request), chat, page)
      return paging.page(page, name, rows, { positionOf: ({ id }) => id, encode: encodeBan })
    }
  )
}

function getOne (app: Scope): void {
  app.get(
    BanPath,
    {
      config: { errors: [...ERRORS_OF_BANS, 'unknown_ban'] },
      schema: {
        operationId: 'getBan',
        tags: [MODERATION],
        summary: 'Get the ban of a user',
        description: 'Takes `moderate`.',
        params: BanParams,
        response: { 200: json('The ban.', BanSchema, EXAMPLE) }
      }
    },
    async (request) => {
      const { chat, user } = request.params
      return encodeBan(await app.services.chats.bans.find(callerOf(request), chat, user))
    }
  )
}

function put (app: Scope): void {
  app.put(
    BanPath,
    {
      config: {
        ...limitedAs('members'),
        errors: [...ERRORS_OF_BANS, 'unknown_user', 'invalid_input', 'last_owner', 'chat_is_direct', 'updating']
      },
      schema: {
        operationId: 'putBan',
        tags: [MODERATION],
        summary: 'Ban a user from a chat',
        description:
          'Takes `moderate`, and a role that is not below that of the user. A member is removed. Until the ban ends ' +
          'the user cannot join, be added, or accept an invite. Again, it replaces the reason and the end.',
        params: BanParams,
        body: BanBody,
        response: { 200: written('The user was banned already.'), 201: written('The user is banned.') }
      }
    },
    async (request, reply) => {
      const { params: { chat, user }, body: { reason = '', until: end = null } } = request
      const until = end === null ? null : new Date(end)
      const { seq, result } = await app.services.chats.bans.put(callerOf(request), chat, user, { reason, until })
      return reply.code(result.isNew ? 201 : 200).send({ seq, ban: encodeBan(result.ban) })
    }
  )
}

function remove (app: Scope): void {
  app.delete(
    BanPath,
    {
      config: { ...limitedAs('members'), errors: [...ERRORS_OF_BANS, 'unknown_ban', 'updating'] },
      schema: {
        operationId: 'deleteBan',
        tags: [MODERATION],
        summary: 'End the ban of a user',
        description: 'Takes `moderate`. The user is no member by that, and may come again.',
        params: BanParams,
        response: { 204: noBody('The user is not banned.') }
      }
    },
    async (request, reply) => {
      const { chat, user } = request.params
      await app.services.chats.bans.end(callerOf(request), chat, user)
      return reply.code(204).send(null)
    }
  )
}
