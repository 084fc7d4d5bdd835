/** `/v1/chats/{chat}/members`: who is in a chat. */
import Type from 'typebox'
import type { MemberOutcome } from '../../domain/chats/changing-members.ts'
import { json } from '../http/answers.ts'
import { HTTP_STATUS } from '../http/error-status.ts'
import { servicesOf } from '../http/idempotency.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf } from './caller.ts'
import { CHAT_PARAMS, ChatParams, IN_CHAT_PATH } from './chat-path.ts'
import { encodeMember, EXAMPLE_MEMBER, MemberSchema } from './chat.ts'
import { MembersBody } from './chats.ts'
import { DESCRIBED_PAGE_QUERY, IdPosition, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { ProblemSchema, problem } from './problem.ts'
import { MEMBERS } from './tags.ts'
import { DataSchema } from './user.ts'
import { UserOfPath } from './users/parameters.ts'

const ListPath = `${IN_CHAT_PATH}/members`
const MemberPath = `${ListPath}/:user`
const MemberParams = Type.Object({ ...CHAT_PARAMS, user: UserOfPath })
const Role = Type.String({ description: 'One of the roles of the type.' })

const Seq = Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
  description: 'The seq of the last event of the change; null when nothing had to change.'
})

/** The answer of a change of a member. */
export const writtenMember = (description: string) =>
  json(description, Type.Object({ seq: Seq, member: MemberSchema }), { seq: 118, member: EXAMPLE_MEMBER })

const AddedSchema = Type.Object({
  seq: Seq,
  items: Type.Array(Type.Union([
    Type.Object({ member: MemberSchema }), Type.Object({ problem: ProblemSchema })
  ]), { description: 'The outcome for each user, in the order of the request.' })
})

const paging = new Paging(IdPosition)

/** Adds the routes. */
export default async function chatMembers (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:read', isNarrowed: true })
    list(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:write' })
    add(scope)
    put(scope)
    update(scope)
    remove(scope)
  })
}

function list (app: Scope): void {
  app.get(
    ListPath,
    {
      config: {
        errors: ['invalid_input', 'unknown_chat', 'forbidden', 'insufficient_scope'],
        described: { query: Type.Object(DESCRIBED_PAGE_QUERY) }
      },
      schema: {
        operationId: 'listMembers',
        tags: [MEMBERS],
        summary: 'List the members of a chat',
        description: 'In an order that does not change.',
        params: ChatParams,
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: {
          200: json(
            'A page of the members.',
            Type.Object({ ...pageSchema(MemberSchema), head: Type.Integer({ minimum: 0 }), epoch: Type.String() }),
            { items: [EXAMPLE_MEMBER], next: null, prev: null, head: 118, epoch: '7f3a' }
          )
        }
      }
    },
    async (request) => {
      const { chats, epoch } = app.services
      const { query, params: { chat } } = request
      const name = `members ${chat}`
      const page = paging.read(query, name)
      const { lastSeq, members } = await chats.memberList(callerOf(request), chat, page)
      return {
        ...paging.page(page, name, members, {
          positionOf: ({ userId }) => userId,
          encode: ({ joinedAt, data, ...member }) =>
            encodeMember({ ...member, joinedAt: joinedAt.toISOString(), data: data ?? {} })
        }),
        head: lastSeq,
        epoch: epoch.current
      }
    }
  )
}

function add (app: Scope): void {
  app.post(
    ListPath,
    {
      config: {
        ...limitedAs('members'),
        errors: ['unknown_chat', 'forbidden', 'chat_is_direct', 'updating', 'insufficient_scope']
      },
      schema: {
        operationId: 'postMembers',
        tags: [MEMBERS],
        summary: 'Add users to a chat',
        description:
          'Takes `add_members`, and `change_roles` for another role than that of the type. Each user is added, or ' +
          'not, whatever becomes of the others.',
        params: ChatParams,
        body: Type.Object({ members: MembersBody }, {
          additionalProperties: false, examples: [{ members: [{ user: 'user-17' }, { user: 'ann', role: 'admin' }] }]
        }),
        response: { 200: json('The outcomes.', AddedSchema, { seq: 118, items: [{ member: EXAMPLE_MEMBER }] }) }
      }
    },
    async (request) => {
      const { params: { chat }, body: { members } } = request
      const { seq, result } = await servicesOf(request).chats.addUsers(callerOf(request), chat, members)
      return { seq, items: result.map((outcome) => encodeOutcome(outcome, app.config.publicUrl)) }
    }
  )
}

function encodeOutcome (outcome: MemberOutcome, publicUrl: string) {
  if ('member' in outcome) return { member: encodeMember(outcome.member) }
  const { code, message } = outcome.problem
  return { problem: problem({ code, message }, { status: HTTP_STATUS[code], publicUrl, requestId: undefined }) }
}

function put (app: Scope): void {
  app.put(
    MemberPath,
    {
      config: {
        ...limitedAs('members'),
        errors: [
          'unknown_chat', 'unknown_user', 'forbidden', 'blocked', 'banned', 'chat_is_direct', 'member_exists',
          'unknown_role', 'too_many_members', 'updating', 'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'putMember',
        tags: [MEMBERS],
        summary: 'Add a user to a chat, unless they are in it',
        params: MemberParams,
        body: Type.Object({ role: Type.Optional(Role) }, { additionalProperties: false, examples: [{}] }),
        response: { 200: writtenMember('The user was a member.'), 201: writtenMember('The user is added.') }
      }
    },
    async (request, reply) => {
      const { params: { chat, user }, body } = request
      const { seq, result } = await app.services.chats.putMember(callerOf(request), chat, { user, ...body })
      return reply.code(result.isNew ? 201 : 200).send({ seq, member: encodeMember(result.member) })
    }
  )
}

function update (app: Scope): void {
  app.patch(
    MemberPath,
    {
      config: {
        ...limitedAs('members'),
        errors: [
          'invalid_input', 'unknown_chat', 'not_a_member', 'forbidden', 'unknown_role', 'last_owner', 'chat_is_direct',
          'updating', 'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'updateMember',
        tags: [MEMBERS],
        summary: 'Change the role or the data of a member',
        description:
          'Takes `change_roles`, and only the highest role may change, or give, roles that are not below its own. ' +
          'You may give up a role of your own for a lower one. `data` is merged (RFC 7396).',
        params: MemberParams,
        body: Type.Object({ role: Type.Optional(Role), data: Type.Optional(DataSchema) }, {
          additionalProperties: false, examples: [{ role: 'admin' }]
        }),
        response: { 200: writtenMember('The member is changed.') }
      }
    },
    async (request) => {
      const { params: { chat, user }, body } = request
      const { seq, result } = await servicesOf(request).chats.changeMember(callerOf(request), chat, user, body)
      return { seq, member: encodeMember(result) }
    }
  )
}

function remove (app: Scope): void {
  app.delete(
    MemberPath,
    {
      config: {
        ...limitedAs('members'),
        errors: [
          'unknown_chat', 'not_a_member', 'forbidden', 'last_owner', 'chat_is_direct', 'updating', 'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'removeMember',
        tags: [MEMBERS],
        summary: 'Remove a member',
        description: 'Takes `remove_members`, and a role that is not below that of the member; yourself always.',
        params: MemberParams,
        response: { 200: writtenMember('The user is no member any more; the answer says what they were.') }
      }
    },
    async (request) => {
      const { chat, user } = request.params
      const { seq, result } = await app.services.chats.removeMember(callerOf(request), chat, user)
      return { seq, member: encodeMember(result) }
    }
  )
}
