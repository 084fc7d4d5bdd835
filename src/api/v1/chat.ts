/** A chat and its members, in answers, in events and in frames. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import { CHAT_ID_PATTERN } from '../../domain/chats/chat-id.ts'
import { PERMISSIONS } from '../../domain/chats/chat-types.ts'
import type { ChatView } from '../../domain/chats/reading.ts'
import type { ChatState, MemberDetails } from '../../domain/events/event.ts'
import { DataSchema } from './user.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })
const TimeOrNull = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })
const TextOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

/** How a member is notified of messages. */
export const Notifications = Type.Enum(['all', 'mentions', 'none'], {
  type: 'string', description: 'Of which messages the member wants to be notified.'
})

const STATE = {
  id: Type.String({
    pattern: CHAT_ID_PATTERN, description: 'The id that your application chose; others begin with `cf~`.'
  }),
  type: Type.String({ description: 'Decides the roles and their permissions.' }),
  name: TextOrNull('Of a direct chat the name of the other user, in answers to one of the two.'),
  description: TextOrNull('What the chat is about.'),
  avatar: TextOrNull('The URL of a picture: of a direct chat that of the other user, in answers to one of the two.'),
  data: DataSchema,
  version: Type.Integer({ minimum: 1, description: 'Counts the states of the settings, from 1.' }),
  member_count: Type.Integer({ minimum: 0 }),
  created_at: Time('When it was made.'),
  frozen_at: TimeOrNull('Since when only moderators may change something in it.')
}

/** A chat in events: nothing in it depends on the reader. */
export const ChatStateSchema = Type.Object(STATE, { title: 'ChatState' })

/** The caller's own settings, and what the caller may do. */
export const OwnSchema = Type.Object(
  {
    role: TextOrNull('Null when you are no member.'),
    permissions: Type.Array(Type.Enum([...PERMISSIONS], { type: 'string' })),
    read_seq: Type.Integer({ minimum: 0, description: 'Up to here you have read.' }),
    muted: Type.Boolean(),
    pinned: Type.Boolean(),
    archived: Type.Boolean(),
    notifications: Notifications
  },
  { title: 'OwnMembership' }
)

const LastMessageSchema = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  author: TextOrNull('The id of a user; null when it is erased.'),
  text: Type.Optional(Type.String({ description: 'Not of one that is deleted.' })),
  created_at: Time('When it was posted.'),
  deleted_at: TimeOrNull('When it was deleted.')
})

/** A chat as a caller sees it. */
export const ChatSchema = Type.Object(
  {
    ...STATE,
    partner: Type.Optional(
      TextOrNull('Of a direct chat the id of the other user, in answers to one of the two; null when it is erased.')
    ),
    head: Type.Integer({ minimum: 0, description: 'The seq of the last event: subscribe after it.' }),
    epoch: Type.String(),
    last_message: Type.Union([LastMessageSchema, Type.Null()]),
    unread: Type.Integer({ minimum: 0, maximum: 999, description: 'Messages above your mark that are not yours.' }),
    unread_more: Type.Optional(Type.Literal(true, { description: 'There are more than that.' })),
    mentions: Type.Integer({ minimum: 0, maximum: 999, description: 'Those that mention you.' }),
    me: Type.Union([OwnSchema, Type.Null()], { description: 'Null for an API key.' })
  },
  { title: 'Chat' }
)

/** A member of a chat. */
export const MemberSchema = Type.Object(
  {
    user: TextOrNull('The id of the user; null when it is erased.'),
    role: Type.String(),
    joined_at: Time('When the membership began.'),
    data: DataSchema
  },
  { title: 'Member' }
)

const EXAMPLE_STATE: Static<typeof ChatStateSchema> = {
  id: 'order-4711',
  type: 'group',
  name: 'Order 4711',
  description: null,
  avatar: null,
  data: { order: 4711 },
  version: 1,
  member_count: 2,
  created_at: '2026-11-28T10:15:04.512Z',
  frozen_at: null
}

export const EXAMPLE_OWN: Static<typeof OwnSchema> = {
  role: 'member',
  permissions: ['read', 'post', 'edit_own', 'delete_own', 'react', 'pin', 'add_members'],
  read_seq: 117,
  muted: false,
  pinned: false,
  archived: false,
  notifications: 'all'
}

export const EXAMPLE_CHAT: Static<typeof ChatSchema> = {
  ...EXAMPLE_STATE,
  head: 118,
  epoch: '7f3a',
  last_message: {
    seq: 118, author: 'user-17', text: 'Where is my parcel?', created_at: '2026-11-28T10:15:04.512Z', deleted_at: null
  },
  unread: 1,
  mentions: 0,
  me: EXAMPLE_OWN
}

export const EXAMPLE_MEMBER: Static<typeof MemberSchema> = {
  user: 'user-17', role: 'member', joined_at: '2026-11-28T10:15:04.512Z', data: {}
}

/** Encodes a chat without what depends on its reader. */
export function encodeState (state: ChatState): Static<typeof ChatStateSchema> {
  const { id, type, name, description, avatar, data, version, memberCount, createdAt, frozenAt } = state
  return {
    id,
    type,
    name,
    description,
    avatar,
    data,
    version,
    member_count: memberCount,
    created_at: createdAt,
    frozen_at: frozenAt
  }
}

/** Encodes a chat for a caller. */
export function encodeChat ({ state, partner, lastSeq, lastMessage, unread, own }: ChatView, epoch: string) {
  const chat: Static<typeof ChatSchema> = {
    ...encodeState(state),
    ...(partner !== null && { partner: userIdOf(partner.userId, partner.username) ?? null }),
    head: lastSeq,
    epoch,
    last_message: lastMessage === null
      ? null
      : {
          seq: lastMessage.seq,
          author: userIdOf(lastMessage.authorId, lastMessage.username) ?? null,
          ...(lastMessage.deletedAt === null && { text: lastMessage.text }),
          created_at: lastMessage.at.toISOString(),
          deleted_at: lastMessage.deletedAt?.toISOString() ?? null
        },
    unread: unread?.unread ?? 0,
    ...(unread?.hasMore === true && { unread_more: true }),
    mentions: unread?.mentions ?? 0,
    me: own === null ? null : encodeOwn(own)
  }
  return chat
}

/** Encodes what a caller is in a chat. */
export function encodeOwn (own: NonNullable<ChatView['own']>): Static<typeof OwnSchema> {
  const { role, permissions, readSeq, isMuted, isPinned, isArchived, notifications } = own
  return {
    role,
    permissions: [...permissions],
    read_seq: readSeq,
    muted: isMuted,
    pinned: isPinned,
    archived: isArchived,
    notifications
  }
}

/** Encodes a member. */
export function encodeMember (
  { userId, username, role, joinedAt, data }: { userId: number, username: string, role: string } & Omit<
    MemberDetails, 'memberCount'
  >
): Static<typeof MemberSchema> {
  return { user: userIdOf(userId, username) ?? null, role, joined_at: joinedAt, data }
}
