/** TypeBox schemas of the frames that the server sends, and the codes that it closes with. */
import Type from 'typebox'
import type { ErrorCode } from '../../../domain/errors.ts'
import { ChatId, Seq } from '../chat/ids.ts'
import { CHANGE_FIELDS, MESSAGE_FIELDS } from '../message.ts'
import { Ref } from '../../../realtime/client-frame.ts'

/** Errors that a frame may report; the others belong to requests. */
export const FRAME_ERRORS = [
  'invalid_input',
  'unknown_action',
  'not_a_participant',
  'invalid_text',
  'unknown_message',
  'not_the_author',
  'message_deleted',
  'updating',
  'chat_closed',
  'chat_frozen',
  'forbidden',
  'text_too_long',
  'slow_mode',
  'message_refused',
  'hook_failed',
  'conflict',
  'position_unknown',
  'epoch_changed',
  'unauthenticated',
  'too_many_chats',
  'too_many_frames',
  'too_many_sockets',
  'overloaded',
  'unconfirmed',
  'unavailable',
  'internal'
] as const satisfies readonly ErrorCode[]

const Epoch = Type.String({ description: 'The history of the database that seqs count in.' })

export const AuthAckFrame = Type.Object({ type: Type.Literal('auth_ack'), status: Type.Literal('ok') })
export const NewMessageFrame = Type.Object({ type: Type.Literal('new_message'), ...MESSAGE_FIELDS })
export const ChangingMessageFrame = Type.Object({
  type: Type.Literal('new_message'),
  ...MESSAGE_FIELDS,
  ...CHANGE_FIELDS
})
export const EditedMessageFrame = Type.Object({
  type: Type.Literal('edited_message'),
  ...MESSAGE_FIELDS,
  ...CHANGE_FIELDS
})
export const DeletedMessageFrame = Type.Object({
  type: Type.Literal('deleted_message'),
  messageID: MESSAGE_FIELDS.messageID,
  chatID: ChatId,
  deleted_at: CHANGE_FIELDS.deleted_at
})
export const AddedToChatFrame = Type.Object({
  type: Type.Literal('chat_created'),
  chatID: ChatId,
  creator: Type.String({ description: 'Who opened the chat, or added the user.' })
})
export const UserTypingFrame = Type.Object({
  type: Type.Literal('user_typing'),
  chatID: ChatId,
  username: MESSAGE_FIELDS.username
})
export const OnlineUsersFrame = Type.Object({
  type: Type.Literal('online_users'),
  users: Type.Array(Type.String(), { description: 'Usernames; none with `PRESENCE=off`.' })
})
export const UserStatusFrame = Type.Object({
  type: Type.Literal('user_status'),
  username: MESSAGE_FIELDS.username,
  online: Type.Boolean({ description: 'Whether the user has a socket. Also false while that cannot be found out.' })
})
export const PostAckFrame = Type.Object({
  type: Type.Literal('ack'),
  ref: Ref,
  chatID: ChatId,
  messageID: MESSAGE_FIELDS.messageID,
  seq: MESSAGE_FIELDS.seq,
  timestamp: MESSAGE_FIELDS.timestamp,
  duplicate: Type.Optional(
    Type.Literal(true, { description: 'It had been stored before, under the same `clientMessageID`.' })
  )
})
export const JoinAckFrame = Type.Object({
  type: Type.Literal('ack'),
  ref: Ref,
  chatID: ChatId,
  seq: Seq,
  epoch: Type.Optional(Epoch)
})
export const ChangeAckFrame = Type.Object({
  type: Type.Literal('ack'),
  ref: Ref,
  chatID: ChatId,
  seq: Type.Optional(Type.Integer({ minimum: 1, description: 'Its seq; missing if nothing had to be changed.' })),
  duplicate: Type.Optional(Type.Literal(true, { description: 'It had been stored before.' }))
})
export const LeaveAckFrame = Type.Object({ type: Type.Literal('ack'), ref: Ref, chatID: ChatId })
export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  ref: Type.Optional(Ref),
  code: Type.Enum([...FRAME_ERRORS], { type: 'string', description: 'The stable name of the error.' }),
  message: Type.String({ description: 'One sentence for the user.' }),
  epoch: Type.Optional(Epoch)
})
