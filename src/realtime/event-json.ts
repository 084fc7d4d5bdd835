/** Events as JSON on the bus: those that the frames of the common codec do not show, for replicas with other codecs. */
import Type, { type Static, type TProperties } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ChatEvent } from '../domain/events/event.ts'
import type { MessageExtras } from '../domain/events/extras.ts'
import { CHAT_STATE, DETAILS } from '../domain/events/stored-event.ts'

const Int = Type.Integer()
/** In milliseconds since 1970. */
const Time = Type.Integer({ minimum: 0, maximum: 8.64e15 })
const TimeOrNull = Type.Union([Time, Type.Null()])
const IntOrNull = Type.Union([Int, Type.Null()])

const User = Type.Object({ userId: Int, username: Type.String() })
const Reactions = Type.Record(Type.String(), Int)
const Attachment = Type.Object({
  file: Type.String(),
  name: Type.String(),
  content_type: Type.String(),
  size: Int,
  width: Type.Optional(Int),
  height: Type.Optional(Int)
})
const Extras = Type.Object({
  parentSeq: IntOrNull,
  replyToSeq: IntOrNull,
  mentions: Type.Array(Type.String()),
  data: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  keyId: Type.Union([Type.String(), Type.Null()]),
  reactions: Reactions,
  pinnedAt: TimeOrNull,
  // Events of earlier builds have none.
  attachments: Type.Optional(Type.Array(Attachment)),
  thread: Type.Union([
    Type.Object({ replies: Int, lastReplyAt: TimeOrNull, participants: Type.Array(User) }), Type.Null()
  ])
})

const MESSAGE = {
  chatId: Int,
  seq: Type.Integer({ minimum: 1 }),
  id: Int,
  authorId: Int,
  username: Type.String(),
  text: Type.String(),
  at: Time,
  editedAt: TimeOrNull,
  deletedAt: TimeOrNull,
  version: Type.Integer({ minimum: 1 }),
  clientMessageId: Type.Optional(Type.String()),
  extras: Type.Optional(Extras)
}
const MEMBER = { userId: Int, username: Type.String(), role: Type.String(), details: Type.Optional(DETAILS) }

const entry = <Kind extends string, Own extends TProperties>(kinds: readonly Kind[], own: Own) =>
  Type.Object({
    kind: Type.Enum([...kinds]),
    chatId: Int,
    seq: Type.Integer({ minimum: 1 }),
    at: Time,
    actorId: IntOrNull,
    actorName: Type.Optional(Type.String()),
    keyId: Type.Optional(Type.String()),
    hiddenFrom: Type.Optional(Type.Array(Int)),
    ...own
  })

const MessageCreated = Type.Object({ kind: Type.Literal('message.created'), ...MESSAGE })
const MessageChanged = entry(['message.edited', 'message.deleted'], { message: Type.Object(MESSAGE) })
const ReactionChanged = entry(['reaction.added', 'reaction.removed'], {
  targetSeq: Type.Integer({ minimum: 1 }),
  userId: Int,
  username: Type.String(),
  emoji: Type.String(),
  reactions: Reactions
})
const PinChanged = entry(['message.pinned', 'message.unpinned'], {
  targetSeq: Type.Integer({ minimum: 1 }),
  pinnedAt: TimeOrNull
})
const MembershipChanged = entry(['member.added', 'member.joined', 'member.left', 'member.removed'], {
  ...MEMBER,
  membersVersion: Int
})
const MemberUpdated = entry(['member.updated'], MEMBER)
const ChatChanged = entry(['chat.created', 'chat.updated', 'chat.frozen', 'chat.unfrozen'], {
  name: Type.String(),
  chat: Type.Optional(CHAT_STATE)
})
const UnknownEvent = entry(['unknown'], {})

const EventJson = Type.Union([
  MessageCreated, MessageChanged, ReactionChanged, PinChanged, MembershipChanged, MemberUpdated, ChatChanged,
  UnknownEvent
])

const validator = Compile(Type.Array(EventJson))

/** Encodes events as JSON. */
export function encodeEvents (events: readonly ChatEvent[]): Buffer {
  return Buffer.from(JSON.stringify(events, timesAsNumbers))
}

/** `Date` becomes text before a replacer sees it, hence the value is looked up in its holder. */
function timesAsNumbers (this: unknown, key: string, value: unknown): unknown {
  const original: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : value
  return original instanceof Date ? original.getTime() : value
}

/**
 * Decodes events; undefined when they contain a kind that this build does not know, or are damaged.
 * @param firstSeq the seq that the first event must have; the others follow without a gap
 * @param count the expected number of events
 */
export function decodeEvents (json: Buffer, firstSeq: number, count: number): ChatEvent[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(json.toString())
  } catch {
    return undefined
  }
  if (!validator.Check(value) || value.length !== count) return undefined
  return value.every(({ seq }, index) => seq === firstSeq + index) ? value.map(eventOf) : undefined
}

function eventOf (event: Static<typeof EventJson>): ChatEvent {
  const at = new Date(event.at)
  switch (event.kind) {
    case 'message.created':
      return { ...messageOf(event), kind: event.kind }
    case 'message.edited':
    case 'message.deleted':
      return { ...event, at, message: messageOf(event.message) }
    case 'message.pinned':
    case 'message.unpinned':
      return { ...event, at, pinnedAt: dateOf(event.pinnedAt) }
    default:
      return { ...event, at }
  }
}

function messageOf (json: Static<typeof MessageChanged>['message']) {
  const { extras, ...plain } = json
  const { at, editedAt, deletedAt, clientMessageId } = plain
  return {
    ...plain,
    at: new Date(at),
    editedAt: dateOf(editedAt),
    deletedAt: dateOf(deletedAt),
    clientMessageId,
    ...(extras !== undefined && { extras: extrasOf(extras) })
  }
}

function extrasOf (json: Static<typeof Extras>): MessageExtras {
  const { pinnedAt, thread } = json
  return {
    ...json,
    pinnedAt: dateOf(pinnedAt),
    thread: thread && { ...thread, lastReplyAt: dateOf(thread.lastReplyAt) }
  }
}

function dateOf (ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
