/** TypeBox schemas of the frames that the server sends, and the codes that it closes with. */
import Type from 'typebox'
import type { ErrorCode } from '../../../domain/errors.ts'
import { ChatId, Seq } from '../chat/ids.ts'
import { MESSAGE_FIELDS } from '../message.ts'
import { Ref } from '../../../realtime/client-frame.ts'

/** Errors that a frame may report; the others belong to requests. */
export const FRAME_ERRORS = [
  'invalid_input',
  'unknown_action',
  'not_a_participant',
  'invalid_text',
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
export const LeaveAckFrame = Type.Object({ type: Type.Literal('ack'), ref: Ref, chatID: ChatId })
export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  ref: Type.Optional(Ref),
  code: Type.Enum([...FRAME_ERRORS], { type: 'string', description: 'The stable name of the error.' }),
  message: Type.String({ description: 'One sentence for the user.' }),
  epoch: Type.Optional(Epoch)
})
