/** An event of a chat's log, in answers and in frames. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import { type ChatEvent, type MembershipChanged, type MemberUpdated, onlyReaderOf } from '../../domain/events/event.ts'
import { ChatStateSchema, encodeMember, encodeState, MemberSchema } from './chat.ts'
import { encodeMessage, encodeReactions, EXAMPLE_MESSAGE, MessageSchema, ReactionsSchema } from './message.ts'

const UserOrNull = Type.Union([Type.String(), Type.Null()], {
  description: 'The id of a user; null when it is erased.'
})
const MemberData = Type.Object({
  member: MemberSchema,
  member_count: Type.Optional(Type.Integer({ minimum: 0, description: 'The number of members after it.' }))
})
const CountData = Type.Object({
  member_count: Type.Integer({ minimum: 0, description: 'The number of members after a change of others.' })
}, { description: 'In chats of more than `MEMBER_EVENTS_MAX` members, what concerns others.' })
const ChatData = Type.Object({ chat: ChatStateSchema })
const MessageData = Type.Object({ message: MessageSchema })
const ReactionData = Type.Object({
  reaction: Type.Object({ user: UserOrNull, emoji: Type.String() }),
  message: Type.Object({ seq: Type.Integer(), reactions: ReactionsSchema })
})
const PinData = Type.Object({
  message: Type.Object({
    seq: Type.Integer(), pinned_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()])
  })
})

/** The state that an event is about; null for who may not see it. */
const EventData = Type.Union([MessageData, ReactionData, PinData, MemberData, ChatData, CountData, Type.Null()], {
  description: 'The state at the event or later, never older; null when you may not see it.'
})

export const EventSchema = Type.Object(
  {
    type: Type.String({ description: 'Ignore those that you do not know.', examples: ['message.created'] }),
    chat: Type.String({ description: 'The id of the chat.' }),
    seq: Type.Integer({ minimum: 1, description: 'The number of the event in its chat: 1, 2, 3 … without a gap.' }),
    epoch: Type.String({ description: 'Another one means that the server went back to an earlier state.' }),
    at: Type.String({ format: 'date-time' }),
    actor: Type.Object(
      { user: Type.Optional(Type.String()), key: Type.Optional(Type.String()) },
      { description: 'Who caused it: a user, an API key, or a key on behalf of a user.' }
    ),
    data: EventData
  },
  { title: 'ChatEvent' }
)

/** An event in JSON. */
export type EventJson = Static<typeof EventSchema>

export const EXAMPLE_EVENT: EventJson = {
  type: 'message.created',
  chat: EXAMPLE_MESSAGE.chat,
  seq: EXAMPLE_MESSAGE.seq,
  epoch: '7f3a',
  at: EXAMPLE_MESSAGE.created_at,
  actor: { user: 'user-17' },
  data: { message: EXAMPLE_MESSAGE }
}

/** Where an event is: the id of its chat in `/v1`, and the epoch. */
export type EventPlace = { chat: string, epoch: string }

/**
 * Encodes an event for all who may see it.
 * @param readerId for this user alone, which makes a difference in large chats; nothing else depends on the reader
 */
export function encodeEvent (event: ChatEvent, place: EventPlace, readerId?: number | null): EventJson {
  const onlyReader = onlyReaderOf(event)
  const isForOther = onlyReader !== undefined && onlyReader !== readerId
  return { ...frameOf(event, place), data: isForOther ? countOf(event) : dataOf(event, place.chat) }
}

/** Encodes an event for one who may not see its content. */
export function encodeHiddenEvent (event: ChatEvent, place: EventPlace): EventJson {
  return { ...frameOf(event, place), data: null }
}

function frameOf (event: ChatEvent, { chat, epoch }: EventPlace) {
  return { type: event.kind, chat, seq: event.seq, epoch, at: event.at.toISOString(), actor: actorOf(event) }
}

function actorOf (event: ChatEvent): EventJson['actor'] {
  const [user, key] = event.kind === 'message.created'
    ? [userIdOf(event.authorId, event.username), event.extras?.keyId ?? undefined]
    : [actorIdOf(event), event.keyId]
  return { ...(user !== undefined && { user }), ...(key !== undefined && { key }) }
}

function actorIdOf (event: Exclude<ChatEvent, { kind: 'message.created' }>): string | undefined {
  const { actorId, actorName } = event
  if (actorId === null) return undefined
  if (actorName !== undefined) return userIdOf(actorId, actorName)
  return 'userId' in event && event.userId === actorId ? userIdOf(actorId, event.username) : undefined
}

function dataOf (event: ChatEvent, chat: string): EventJson['data'] {
  switch (event.kind) {
    case 'message.created':
      return { message: encodeMessage(event, chat) }
    case 'message.edited':
    case 'message.deleted':
      return { message: encodeMessage(event.message, chat) }
    case 'reaction.added':
    case 'reaction.removed':
      return {
        reaction: { user: userIdOf(event.userId, event.username) ?? null, emoji: event.emoji },
        message: { seq: event.targetSeq, reactions: encodeReactions(event.reactions) }
      }
    case 'message.pinned':
    case 'message.unpinned':
      return { message: { seq: event.targetSeq, pinned_at: event.pinnedAt?.toISOString() ?? null } }
    case 'member.added':
    case 'member.joined':
    case 'member.left':
    case 'member.removed':
    case 'member.updated':
      return memberOf(event)
    case 'chat.created':
    case 'chat.updated':
    case 'chat.frozen':
    case 'chat.unfrozen':
      return event.chat === undefined ? null : { chat: encodeState(event.chat) }
    case 'unknown':
      return null
  }
}

function countOf (event: ChatEvent): EventJson['data'] {
  return { member_count: 'details' in event ? event.details.memberCount ?? 0 : 0 }
}

function memberOf (event: MembershipChanged | MemberUpdated): EventJson['data'] {
  const { details: { joinedAt, data, memberCount } = {}, at, userId, username, role } = event
  const member = encodeMember({ userId, username, role, joinedAt: joinedAt ?? at.toISOString(), data: data ?? {} })
  return { member, ...(memberCount != null && { member_count: memberCount }) }
}
