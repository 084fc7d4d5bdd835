/** The frames of clients of `/v1/realtime`. */
import Type, { type Static, type TProperties } from 'typebox'
import { USER_ID_PATTERN } from '../../../domain/accounts/user-id.ts'
import { CHAT_ID_PATTERN } from '../../../domain/chats/chat-id.ts'
import { ChatError } from '../../../domain/errors.ts'
import { MAX_MENTIONS } from '../../../domain/events/message-input.ts'
import { MAX_CLIENT_MESSAGE_ID_LENGTH } from '../../../domain/events/messages.ts'
import { Ref } from '../../../realtime/client-frame.ts'
import { AttachmentsInput } from '../message.ts'
import { DataSchema } from '../user.ts'
import { decoderOf } from './decode.ts'

/** Chats of one frame. */
export const MAX_CHATS_PER_FRAME = 1_000
/** Users of one frame. */
const MAX_USERS_PER_FRAME = 1_000
/** Events that a chat may be followed with, from its end back. */
const MAX_LAST = 200
const MAX_TOKEN_LENGTH = 16_384
const MAX_CLIENT_NAME_LENGTH = 200
const MAX_EPOCH_LENGTH = 64
const MAX_SHOWN_TYPE_LENGTH = 100

const Chat = Type.String({ pattern: CHAT_ID_PATTERN, description: 'The id of the chat.' })
const Position = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

const Seq = (description: string) => Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description })
const Text = Type.String({ description: '1 to 4,000 characters, not only blank ones.' })
const MESSAGE = { chat: Chat, seq: Seq('The seq of the message.') }
const Key = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: MAX_CLIENT_MESSAGE_ID_LENGTH,
    description: 'An id that the client gives to the change: sent again with it, it is made once.'
  })
)

const closed = <Own extends TProperties>(own: Own) => Type.Object(own, { additionalProperties: false })

const frame = <Name extends string, Own extends TProperties>(type: Name, own: Own) =>
  closed({ type: Type.Literal(type), ...own, ref: Type.Optional(Ref) })

export const HelloFrame = frame('hello', {
  token: Type.String({
    maxLength: MAX_TOKEN_LENGTH, description: 'A token that your application signed, or of a session.'
  }),
  client: Type.Optional(
    Type.String({ maxLength: MAX_CLIENT_NAME_LENGTH, description: 'The name and version of the client.' })
  ),
  epoch: Type.Optional(
    Type.Union([Type.String({ maxLength: MAX_EPOCH_LENGTH }), Type.Null()], {
      description: 'The last one that the client has received.'
    })
  ),
  feed: Type.Optional(
    closed({ after: Type.Optional(Position('The position up to which the client has the feed; by default the last.')) })
  )
})
export const TokenFrame = frame('token', { token: HelloFrame.properties.token })

const ChatToFollow = closed({
  chat: Chat,
  after: Type.Optional(Position('The seq up to which the client has everything.')),
  last: Type.Optional(
    Type.Integer({ minimum: 0, maximum: MAX_LAST, description: 'Instead of that: so many of the last events.' })
  )
})

export const SubscribeFrame = frame('subscribe', {
  chats: Type.Array(ChatToFollow, { minItems: 1, maxItems: MAX_CHATS_PER_FRAME })
})
export const UnsubscribeFrame = frame('unsubscribe', {
  chats: Type.Array(Chat, { minItems: 1, maxItems: MAX_CHATS_PER_FRAME })
})
export const SendFrame = frame('send', {
  chat: Chat,
  client_id: Type.String({
    minLength: 1,
    maxLength: MAX_CLIENT_MESSAGE_ID_LENGTH,
    description: 'An id that the client gives to the message: sent again with it, the message is stored once.'
  }),
  text: Text,
  reply_to: Type.Optional(Seq('The message that it answers.')),
  parent: Type.Optional(Seq('The message whose thread it is in.')),
  mentions: Type.Optional(
    Type.Array(Type.String(), { maxItems: MAX_MENTIONS, description: 'Ids of users, `@all`, and `@role:<role>`.' })
  ),
  attachments: Type.Optional(AttachmentsInput),
  data: Type.Optional(DataSchema)
})
export const EditFrame = frame('edit', {
  ...MESSAGE,
  text: Type.Optional(Text),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'A merge patch (RFC 7396).' })),
  version: Type.Optional(Seq('The version that the message must have; by default any.')),
  key: Key
})
export const DeleteFrame = frame('delete', {
  ...MESSAGE,
  for: Type.Optional(Type.Enum(['all', 'me'], { type: 'string', description: 'By default all.' }))
})
const REACTION = {
  ...MESSAGE, emoji: Type.String({ description: 'An emoji, or the name of a reaction of your own.' }), key: Key
}
export const ReactFrame = frame('react', REACTION)
export const UnreactFrame = frame('unreact', REACTION)
export const ReadFrame = frame('read', {
  chat: Chat,
  seq: Position('Everything up to it is read.'),
  parent: Type.Optional(Seq('For the thread of this message alone.'))
})
export const TypingFrame = frame('typing', { chat: Chat })

const Users = Type.Array(Type.String({ pattern: USER_ID_PATTERN, description: 'The id of a user.' }), {
  minItems: 1, maxItems: MAX_USERS_PER_FRAME
})
export const WatchFrame = frame('watch', { users: Users })
export const UnwatchFrame = frame('unwatch', { users: Users })

/** A valid frame. */
export type ClientFrame =
  | Static<typeof HelloFrame>
  | Static<typeof TokenFrame>
  | Static<typeof SubscribeFrame>
  | Static<typeof UnsubscribeFrame>
  | Static<typeof SendFrame>
  | Static<typeof EditFrame>
  | Static<typeof DeleteFrame>
  | Static<typeof ReactFrame>
  | Static<typeof UnreactFrame>
  | Static<typeof ReadFrame>
  | Static<typeof TypingFrame>
  | Static<typeof WatchFrame>
  | Static<typeof UnwatchFrame>

const DECODERS = new Map<string, (frame: object) => ClientFrame>([
  ['hello', decoderOf(HelloFrame)],
  ['token', decoderOf(TokenFrame)],
  ['subscribe', decoderOf(SubscribeFrame)],
  ['unsubscribe', decoderOf(UnsubscribeFrame)],
  ['send', decoderOf(SendFrame)],
  ['edit', decoderOf(EditFrame)],
  ['delete', decoderOf(DeleteFrame)],
  ['react', decoderOf(ReactFrame)],
  ['unreact', decoderOf(UnreactFrame)],
  ['read', decoderOf(ReadFrame)],
  ['typing', decoderOf(TypingFrame)],
  ['watch', decoderOf(WatchFrame)],
  ['unwatch', decoderOf(UnwatchFrame)]
])

/** The `type` of every frame that a client may send. */
export const CLIENT_FRAME_TYPES: readonly string[] = [...DECODERS.keys()]

/** Reads a frame. @throws {ChatError} `unknown_action`, `invalid_input` */
export function decodeFrame (frame: object): ClientFrame {
  const type = 'type' in frame && typeof frame.type === 'string' ? frame.type : undefined
  if (type === undefined) throw new ChatError('invalid_input', 'A frame needs a "type", a string.')
  const decode = DECODERS.get(type)
  if (decode === undefined)
    throw new ChatError('unknown_action', `Unknown action: ${type.slice(0, MAX_SHOWN_TYPE_LENGTH).toWellFormed()}`)
  return decode(frame)
}
