/** The frames of `/ws`: TypeBox schemas of clients' frames, and the server's answers. */
import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError, type ErrorCode } from '../../../domain/errors.ts'
import { MAX_CLIENT_MESSAGE_ID_LENGTH } from '../../../domain/events/messages.ts'
import type { ChangeReceipt } from '../../../domain/events/change.ts'
import type { Receipt } from '../../../domain/events/post.ts'
import { isStorable } from '../../../domain/text.ts'
import { Ref, type RefValue } from '../../../realtime/client-frame.ts'
import { ChatId, Seq } from '../chat/ids.ts'
import type {
  AuthAckFrame, ChangeAckFrame, JoinAckFrame, LeaveAckFrame, PostAckFrame
} from './server-frames.ts'

const MAX_SHOWN_TYPE_LENGTH = 100
const MAX_EPOCH_LENGTH = 64

export const AuthFrame = Type.Object({
  type: Type.Literal('auth'),
  token: Type.String({ description: 'The `access_token` of a login.' })
})
export const JoinChatFrame = Type.Object({
  type: Type.Literal('join_chat'),
  chatID: ChatId,
  after: Type.Optional(Type.Integer({ ...Seq, description: 'The seq up to which the client has everything.' })),
  epoch: Type.Optional(
    Type.Union([Type.String({ maxLength: MAX_EPOCH_LENGTH }), Type.Null()], {
      description: 'The last one that the client has received, or null to receive it.'
    })
  ),
  ref: Type.Optional(Ref)
})
export const LeaveChatFrame = Type.Object({ type: Type.Literal('leave_chat'), chatID: ChatId, ref: Type.Optional(Ref) })
export const PostMsgFrame = Type.Object({
  type: Type.Literal('post_msg'),
  chatID: ChatId,
  text: Type.String({ description: 'The text of the message.' }),
  clientMessageID: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_CLIENT_MESSAGE_ID_LENGTH,
      description: 'An id of the post, assigned by the client.'
    })
  ),
  traceparent: Type.Optional(
    Type.Unknown({ description: 'W3C Trace Context; an invalid value starts a new trace.' })
  ),
  ref: Type.Optional(Ref)
})

export const JoinIdleFrame = Type.Object({ type: Type.Literal('join_idle') })

export const ChatCreatedFrame = Type.Object({ type: Type.Literal('chat_created'), chatID: ChatId })

export const TypingFrame = Type.Object({ type: Type.Literal('typing'), chatID: ChatId })

const MessageId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The message.' })
export const EditMsgFrame = Type.Object({
  type: Type.Literal('edit_msg'),
  chatID: ChatId,
  messageID: MessageId,
  text: Type.String({ description: 'The new text.' }),
  ref: Type.Optional(Ref)
})
export const DeleteMsgFrame = Type.Object({
  type: Type.Literal('delete_msg'),
  chatID: ChatId,
  messageID: MessageId,
  ref: Type.Optional(Ref)
})

/** A valid frame. */
export type Action =
  | Static<typeof AuthFrame>
  | Static<typeof JoinChatFrame>
  | Static<typeof LeaveChatFrame>
  | Static<typeof PostMsgFrame>
  | Static<typeof EditMsgFrame>
  | Static<typeof DeleteMsgFrame>
  | Static<typeof JoinIdleFrame>
  | Static<typeof ChatCreatedFrame>
  | Static<typeof TypingFrame>

const decoder = <Schema extends TSchema>(schema: Schema, usage: string) => {
  const validator = Compile(schema)
  return (frame: object): Static<Schema> => {
    if (!validator.Check(frame)) throw new ChatError('invalid_input', usage)
    return frame
  }
}

const ID_USAGE = '"chatID", a positive integer'
const REF_USAGE = '"ref", a string of at most 64 characters or an integer'
const DECODERS = new Map<string, (frame: object) => Action>([
  ['auth', decoder(AuthFrame, 'auth needs "token", a string.')],
  [
    'join_chat',
    decoder(
      JoinChatFrame,
      `join_chat needs ${ID_USAGE}; it may have "after", a seq, "epoch", a string or null, and ${REF_USAGE}.`
    )
  ],
  ['leave_chat', decoder(LeaveChatFrame, `leave_chat needs ${ID_USAGE}; it may have ${REF_USAGE}.`)],
  ['join_idle', decoder(JoinIdleFrame, 'join_idle has no fields.')],
  ['typing', decoder(TypingFrame, `typing needs ${ID_USAGE}.`)],
  ['chat_created', decoder(ChatCreatedFrame, `chat_created needs ${ID_USAGE}.`)],
  [
    'post_msg',
    decoder(
      PostMsgFrame,
      `post_msg needs ${ID_USAGE}, and "text", a string; it may have "clientMessageID", a string of 1 to 64 ` +
      `characters, and ${REF_USAGE}.`
    )
  ],
  [
    'edit_msg',
    decoder(
      EditMsgFrame,
      `edit_msg needs ${ID_USAGE}, "messageID", a positive integer, and "text", a string; it may have ${REF_USAGE}.`
    )
  ],
  [
    'delete_msg',
    decoder(
      DeleteMsgFrame,
      `delete_msg needs ${ID_USAGE}, and "messageID", a positive integer; it may have ${REF_USAGE}.`
    )
  ]
])

/** The `type` of every frame that a client may send. */
export const ACTION_TYPES: readonly string[] = [...DECODERS.keys()]

/** Reads the action of a frame. @throws {ChatError} `unknown_action`, `invalid_input` */
export function decodeAction (frame: object): Action {
  const type = 'type' in frame && typeof frame.type === 'string' ? frame.type : undefined
  if (type === undefined) throw new ChatError('invalid_input', 'A frame needs a "type", a string.')
  const decode = DECODERS.get(type)
  if (decode === undefined)
    throw new ChatError('unknown_action', `Unknown action: ${type.slice(0, MAX_SHOWN_TYPE_LENGTH).toWellFormed()}`)
  const action = decode(frame)
  if (action.type === 'post_msg' && action.clientMessageID !== undefined && !isStorable(action.clientMessageID)) {
    throw new ChatError('invalid_input', 'The "clientMessageID" has a NUL or half a character in it.')
  }
  return 'text' in action ? withWholeCharacters(action) : action
}

/**
 * Replaces lone surrogates by U+FFFD: clients that cut long texts leave half an emoji at the cut, and show their user
 * no refusal.
 */
function withWholeCharacters<Frame extends { text: string }> (frame: Frame): Frame {
  return frame.text.isWellFormed() ? frame : { ...frame, text: frame.text.toWellFormed() }
}

/** The answer to a valid token. */
export const AUTH_ACK: Static<typeof AuthAckFrame> = { type: 'auth_ack', status: 'ok' }

/** The acknowledgement of a post. */
export function postAck (ref: RefValue, { message, duplicate }: Receipt): Static<typeof PostAckFrame> {
  return {
    type: 'ack',
    ref,
    chatID: message.chatId,
    messageID: message.id,
    seq: message.seq,
    timestamp: message.at.toISOString(),
    ...(duplicate && { duplicate })
  }
}

/** The acknowledgement of a change, with its seq if something had to be changed. */
export function changeAck (
  ref: RefValue,
  chatID: number,
  { event, duplicate }: ChangeReceipt
): Static<typeof ChangeAckFrame> {
  return { type: 'ack', ref, chatID, ...(event !== undefined && { seq: event.seq }), ...(duplicate && { duplicate }) }
}

/** The acknowledgement of a join, with the seq up to which the socket has received everything, and its epoch. */
export function joinAck (
  ref: RefValue,
  chatID: number,
  seq: number,
  epoch: string | undefined
): Static<typeof JoinAckFrame> {
  return { type: 'ack', ref, chatID, seq, ...(epoch !== undefined && { epoch }) }
}

/** The acknowledgement of a leave. */
export function leaveAck (ref: RefValue, chatID: number): Static<typeof LeaveAckFrame> {
  return { type: 'ack', ref, chatID }
}

/** An error frame, with the `ref` of the refused frame, if it had one, and the epoch for errors about it. */
export function errorFrame ({ code, message }: { code: ErrorCode, message: string }, ref?: RefValue, epoch?: string) {
  return {
    type: 'error',
    ...(ref !== undefined && { ref }),
    code,
    message,
    ...(epoch !== undefined && { epoch })
  } as const
}
