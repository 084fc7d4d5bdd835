/** `/v1/chats/{chat}:action`, and what a member sets for themself. */
import Type from 'typebox'
import { json } from '../http/answers.ts'
import { servicesOf } from '../http/idempotency.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf, userCallerOf } from './caller.ts'
import { writtenMember } from './chat-members.ts'
import { actionPath, ChatParams, IN_CHAT_PATH, UserId } from './chat-path.ts'
import { encodeMember, encodeOwn, EXAMPLE_OWN, Notifications, OwnSchema } from './chat.ts'
import { sendChat, writtenChat } from './written-chat.ts'
import { CHATS, MEMBERS } from './tags.ts'

const Nothing = Type.Object({}, { additionalProperties: false, examples: [{}] })
const OwnPath = `${IN_CHAT_PATH}/me`

/** Adds the routes. */
export default async function chatActions (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:read', isNarrowed: true })
    getOwn(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:write' })
    join(scope)
    leave(scope)
    transfer(scope)
    freeze(scope, true)
    freeze(scope, false)
    setOwn(scope)
  })
}

function join (app: Scope): void {
  app.post(
    actionPath('join'),
    {
      config: {
        ...limitedAs('chats'),
        errors: ['unknown_chat', 'banned', 'too_many_members', 'user_required', 'updating', 'insufficient_scope']
      },
      schema: {
        operationId: 'joinChat',
        tags: [MEMBERS],
        summary: 'Join a public chat',
        params: ChatParams,
        body: Nothing,
        response: { 200: writtenChat('You are a member.') }
      }
    },
    async (request, reply) => {
      const { chat: id } = request.params
      const { seq } = await servicesOf(request).chats.join(userCallerOf(request), id)
      return sendChat(request, reply, { id, seq })
    }
  )
}

function leave (app: Scope): void {
  app.post(
    actionPath('leave'),
    {
      config: {
        ...limitedAs('chats'),
        errors: [
          'unknown_chat', 'not_a_member', 'last_owner', 'unknown_user', 'forbidden', 'user_required', 'updating',
          'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'leaveChat',
        tags: [MEMBERS],
        summary: 'Leave a chat',
        description:
          'The last owner names another member as `new_owner`. When its only member leaves, the chat is gone.',
        params: ChatParams,
        body: Type.Object({ new_owner: Type.Optional(UserId) }, {
          additionalProperties: false, examples: [{ new_owner: 'user-17' }]
        }),
        response: { 200: writtenMember('You are no member any more; the answer says what you were.') }
      }
    },
    async (request) => {
      const { params: { chat }, body: { new_owner: newOwner } } = request
      const { seq, result } = await servicesOf(request).chats.leaveBy(userCallerOf(request), chat, newOwner)
      return { seq, member: encodeMember(result) }
    }
  )
}

function transfer (app: Scope): void {
  app.post(
    actionPath('transfer'),
    {
      config: {
        ...limitedAs('chats'),
        errors: [
          'unknown_chat', 'unknown_user', 'not_a_member', 'forbidden', 'chat_is_direct', 'updating',
          'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'transferChat',
        tags: [MEMBERS],
        summary: 'Make another member the owner',
        description: 'Takes the highest role; you get the role below.',
        params: ChatParams,
        body: Type.Object({ user: UserId }, { additionalProperties: false, examples: [{ user: 'user-17' }] }),
        response: { 200: writtenMember('The new owner.') }
      }
    },
    async (request) => {
      const { params: { chat }, body: { user } } = request
      const { seq, result } = await servicesOf(request).chats.transfer(callerOf(request), chat, user)
      return { seq, member: encodeMember(result) }
    }
  )
}

function freeze (app: Scope, isFrozen: boolean): void {
  app.post(
    actionPath(isFrozen ? 'freeze' : 'unfreeze'),
    {
      config: { ...limitedAs('chats'), errors: ['unknown_chat', 'forbidden', 'updating', 'insufficient_scope'] },
      schema: {
        operationId: isFrozen ? 'freezeChat' : 'unfreezeChat',
        tags: [CHATS],
        summary: isFrozen ? 'Freeze a chat' : 'End that a chat is frozen',
        description: isFrozen
          ? 'Takes `moderate`, which it then also takes to post, edit, react and pin.'
          : 'Takes `moderate`.',
        params: ChatParams,
        body: Nothing,
        response: { 200: writtenChat(isFrozen ? 'It is frozen.' : 'It is not frozen.') }
      }
    },
    async (request, reply) => {
      const { chat: id } = request.params
      const { seq } = await servicesOf(request).chats.freeze(callerOf(request), id, isFrozen)
      return sendChat(request, reply, { id, seq })
    }
  )
}

function getOwn (app: Scope): void {
  app.get(
    OwnPath,
    {
      config: { errors: ['unknown_chat', 'forbidden', 'user_required', 'insufficient_scope'] },
      schema: {
        operationId: 'getOwnMembership',
        tags: [MEMBERS],
        summary: 'Get your role and your settings in a chat',
        params: ChatParams,
        response: { 200: json('What you are and may do.', OwnSchema, EXAMPLE_OWN) }
      }
    },
    async (request) => encodeOwn(await app.services.chats.own(userCallerOf(request), request.params.chat))
  )
}

function setOwn (app: Scope): void {
  app.patch(
    OwnPath,
    {
      config: {
        ...limitedAs('chats'),
        errors: ['unknown_chat', 'not_a_member', 'user_required', 'insufficient_scope']
      },
      schema: {
        operationId: 'updateOwnMembership',
        tags: [MEMBERS],
        summary: 'Mute, pin or archive a chat for yourself',
        description: 'The others do not notice.',
        params: ChatParams,
        body: Type.Object(
          {
            muted: Type.Optional(Type.Boolean()),
            pinned: Type.Optional(Type.Boolean()),
            archived: Type.Optional(Type.Boolean()),
            notifications: Type.Optional(Notifications)
          },
          { additionalProperties: false, examples: [{ muted: true, notifications: 'mentions' }] }
        ),
        response: { 200: json('What you are and may do.', OwnSchema, EXAMPLE_OWN) }
      }
    },
    async (request) => {
      const { chats } = servicesOf(request)
      const caller = userCallerOf(request)
      await chats.setOwn(caller.user.userId, request.params.chat, request.body)
      return encodeOwn(await chats.own(caller, request.params.chat))
    }
  )
}
