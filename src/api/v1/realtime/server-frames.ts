/** The frames of the server on `/v1/realtime`. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { ChatError, ERRORS, type ErrorCode, RETRYABLE } from '../../../domain/errors.ts'
import type { ChatClaim } from '../../../domain/accounts/chat-claim.ts'
import type { FeedEvent } from '../../../domain/feeds/feeds.ts'
import type { Receipt } from '../../../domain/chats/read-marks.ts'
import { Ref, type RefValue } from '../../../realtime/client-frame.ts'
import type { ChatNotice, PresenceNotice, ReadNotice } from '../../../realtime/notice.ts'
import { EventSchema } from '../event.ts'
import { encodeFeedEvent, FeedEventSchema } from '../feed-event.ts'

/** How long a user is shown as typing, in milliseconds. */
const TYPING_MS = 6_000
/** Clients come back within this time after a `drain`, in milliseconds. */
const MAX_RECONNECT_MS = 1_000

/** Errors that a frame may report; the others belong to requests. */
export const FRAME_ERRORS = [
  'unauthenticated',
  'invalid_input',
  'unknown_action',
  'too_many_frames',
  'invalid_text',
  'unknown_chat',
  'conflict',
  'too_many_chats',
  'unknown_message',
  'not_the_author',
  'message_deleted',
  'version_conflict',
  'nested_thread',
  'invalid_mention',
  'unknown_mention',
  'invalid_emoji',
  'too_many_marks',
  'chat_closed',
  'chat_frozen',
  'forbidden',
  'feature_off',
  'text_too_long',
  'slow_mode',
  'files_off',
  'unknown_file',
  'file_incomplete',
  'file_attached',
  'size_differs',
  'storage_unavailable',
  'message_refused',
  'hook_failed',
  'position_unknown',
  'updating',
  'overloaded',
  'too_many_sockets',
  'unavailable',
  'unconfirmed',
  'internal'
] as const satisfies readonly ErrorCode[]

const Chat = Type.String({ description: 'The id of the chat.' })
const User = Type.String({ description: 'The id of a user.' })
const Epoch = Type.String({ description: 'Another one means that the server went back to an earlier state.' })
const OptionalRef = Type.Optional(Ref)

export const WelcomeFrame = Type.Object({
  type: Type.Literal('welcome'),
  ref: OptionalRef,
  user: User,
  epoch: Epoch,
  pos: Type.Integer({ minimum: 0, description: 'The position of your feed.' }),
  heartbeat_ms: Type.Integer({ description: 'The time between two pings of the server.' }),
  limits: Type.Object({
    frame_bytes: Type.Integer({ description: 'The size of a frame.' }),
    chats: Type.Integer({ description: 'Chats that the socket may follow.' }),
    frames_per_second: Type.Integer({ description: 'Frames per second, sustained.' })
  })
})
export const AckFrame = Type.Object({
  type: Type.Literal('ack'),
  ref: OptionalRef,
  seq: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'The seq of the event; null if nothing had to be changed.'
    })
  ),
  duplicate: Type.Optional(Type.Literal(true, { description: 'It had been stored before.' }))
})
export const ProblemFrame = Type.Object({
  type: Type.Literal('problem'),
  ref: OptionalRef,
  chat: Type.Optional(Chat),
  code: Type.Enum([...FRAME_ERRORS], { type: 'string', description: 'The stable name of the error.' }),
  title: Type.String({ description: 'The meaning of the code.' }),
  detail: Type.String({ description: 'One sentence about this command.' }),
  retryable: Type.Boolean({ description: 'Whether the same may succeed later.' })
})
export const SubscribedFrame = Type.Object({
  type: Type.Literal('subscribed'),
  ref: OptionalRef,
  chat: Chat,
  head: Type.Integer({ minimum: 0, description: 'The seq up to which the socket has received everything.' }),
  receipts: Type.Optional(Type.Array(Type.Object({ user: User, seq: Type.Integer({ minimum: 0 }) }), {
    description: 'How far you have read it, and those of whom you may know it.'
  }))
})
export const EventFrame = Type.Object({ type: Type.Literal('event'), event: EventSchema })
export const FeedFrame = Type.Object({ type: Type.Literal('feed'), event: FeedEventSchema })
export const TypingNoticeFrame = Type.Object({
  type: Type.Literal('typing'),
  chat: Chat,
  user: User,
  until: Type.String({ format: 'date-time', description: 'When to stop showing it.' })
})
export const ReadMarkFrame = Type.Object({
  type: Type.Literal('read'),
  chat: Chat,
  user: User,
  seq: Type.Integer({ minimum: 0, description: 'The user has read everything up to it.' }),
  parent: Type.Optional(Type.Integer({ minimum: 1, description: 'In the thread of this message alone.' }))
})
export const PresenceFrame = Type.Object({
  type: Type.Literal('presence'),
  user: User,
  status: Type.Enum(['online', 'offline', 'unknown'], {
    type: 'string',
    description: 'Unknown also of users with whom you share no chat, or who do not want it to be known.'
  }),
  last_seen: Type.Optional(Type.String({
    format: 'date-time', description: 'When a user who is offline was online, if that is known.'
  }))
})
export const ResetFrame = Type.Object({
  type: Type.Literal('reset'),
  chat: Type.Optional(Chat),
  reason: Type.Enum(['epoch_changed', 'removed', 'deleted', 'too_far_behind'], { type: 'string' })
})
export const DrainFrame = Type.Object({
  type: Type.Literal('drain'),
  reconnect_in_ms: Type.Integer({ minimum: 0, description: 'When to connect again.' })
})

const withRef = (ref: RefValue | undefined) => ref !== undefined && { ref }

/** The answer to `hello`. */
export function welcomeFrame (
  ref: RefValue | undefined, content: Omit<Static<typeof WelcomeFrame>, 'type' | 'ref'>
): Static<typeof WelcomeFrame> {
  return { type: 'welcome', ...withRef(ref), ...content }
}

/** The answer to a command that was carried out. @param seq the seq of its event, if it has one */
export function ackFrame (
  ref: RefValue | undefined,
  { seq, duplicate = false }: { seq?: number | null, duplicate?: boolean } = {}
): Static<typeof AckFrame> {
  return { type: 'ack', ...withRef(ref), ...(seq !== undefined && { seq }), ...(duplicate && { duplicate }) }
}

/** The answer to a command, or to a part of it, that was refused. */
export function problemFrame (
  error: Pick<ChatError, 'code' | 'message'>,
  ref?: RefValue,
  chat?: string
) {
  // The dialects call it otherwise.
  const { code, message } = error.code === 'not_a_participant' ? new ChatError('unknown_chat') : error
  return {
    type: 'problem',
    ...withRef(ref),
    ...(chat !== undefined && { chat }),
    code,
    title: ERRORS[code],
    detail: message,
    retryable: RETRYABLE.has(code)
  } as const
}

/** The socket follows a chat. */
export function subscribedFrame (
  ref: RefValue | undefined, { chat, head, receipts }: { chat: string, head: number, receipts: readonly Receipt[] }
): Static<typeof SubscribedFrame> {
  const marks = receipts.flatMap(({ userId, username, seq }) => {
    const user = userIdOf(userId, username)
    return user === undefined ? [] : [{ user, seq }]
  })
  return { type: 'subscribed', ...withRef(ref), chat, head, ...(marks.length > 0 && { receipts: marks }) }
}

/** What the client knows of a chat is void, or of all. */
export function resetFrame (reason: Static<typeof ResetFrame>['reason'], chat?: string): Static<typeof ResetFrame> {
  return { type: 'reset', ...(chat !== undefined && { chat }), reason }
}

/** An event of the feed of the user. */
export function feedFrame (event: FeedEvent, epoch: string, claim?: ChatClaim): Static<typeof FeedFrame> {
  return { type: 'feed', event: encodeFeedEvent(event, epoch, claim) }
}

/** A member of the chat is typing. */
export function typingFrame (
  chat: string, { userId, username }: ChatNotice
): Static<typeof TypingNoticeFrame> | undefined {
  const user = userId === undefined ? undefined : userIdOf(userId, username)
  return user === undefined
    ? undefined
    : { type: 'typing', chat, user, until: new Date(Date.now() + TYPING_MS).toISOString() }
}

/** A member of the chat, or the user of the socket, has read it. */
export function readFrame (
  { chat, userId, username, seq, parentSeq }: ReadNotice
): Static<typeof ReadMarkFrame> | undefined {
  const user = userIdOf(userId, username)
  return user === undefined
    ? undefined
    : { type: 'read', chat, user, seq, ...(parentSeq !== undefined && { parent: parentSeq }) }
}

/** A watched user is online, or not. */
export function presenceFrame ({ user, status, lastSeenAt }: PresenceNotice): Static<typeof PresenceFrame> {
  const seenAt = lastSeenAt === undefined ? undefined : new Date(lastSeenAt).toISOString()
  return { type: 'presence', user, status, ...(seenAt !== undefined && { last_seen: seenAt }) }
}

/** The socket is about to be closed. The times of many clients are spread. */
export function drainFrame (): Static<typeof DrainFrame> {
  return { type: 'drain', reconnect_in_ms: Math.floor(Math.random() * MAX_RECONNECT_MS) }
}
