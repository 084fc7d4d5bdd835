/** The frames of `/ws/:id`: TypeBox schemas, and how those of clients are decoded. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError, type ErrorCode } from '../../../domain/errors.ts'
import { refusal } from '../errors.ts'

/** Errors that a frame may report; the others belong to requests. */
export const FRAME_ERRORS = [
  'invalid_input',
  'unknown_receiver',
  'chat_with_yourself',
  'blocked',
  'forbidden',
  'invalid_text',
  'not_a_participant',
  'message_refused',
  'hook_failed',
  'too_many_frames',
  'too_many_sockets',
  'updating',
  'overloaded',
  'unconfirmed',
  'unavailable',
  'internal'
] as const satisfies readonly ErrorCode[]

const UserId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

export const PostFrame = Type.Object({
  message: Type.String({ description: 'The text.' }),
  receiver: Type.Union([UserId, Type.String({ pattern: '^[1-9][0-9]{0,14}$' })], {
    description: 'The id of a user, as a number or as digits.'
  })
})

export const MessageFrame = Type.Object({
  message: Type.String({ description: 'The text, with `<`, `>`, `&` and `"` as entities of HTML.' }),
  sender: Type.Integer({ minimum: 1, description: 'The id of its author.' }),
  receiver: Type.Integer({ minimum: 1, description: 'The id of the other user.' }),
  time: Type.String({ format: 'date-time' }),
  id: Type.Integer({ minimum: 1, description: 'That of the message.' })
})
/** A message as clients get it. */
export type MessageFrame = Static<typeof MessageFrame>

export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  error: Type.String({ description: 'One sentence for the user.' }),
  code: Type.Enum([...FRAME_ERRORS], { type: 'string', description: 'The stable name of the error.' })
})

/** A request to send a text to a user. */
export type SendCommand = { type: 'message', text: string, receiverId: number }

const postValidator = Compile(PostFrame)

/** Reads a frame of a client. Its other fields, such as `sender`, are ignored. @throws {ChatError} `invalid_input` */
export function decodePost (frame: object): SendCommand {
  if (!postValidator.Check(frame))
    throw new ChatError('invalid_input', 'A frame needs "message", a string, and "receiver", the id of a user.')
  // Half an emoji, where a client has cut a text.
  return { type: 'message', text: frame.message.toWellFormed(), receiverId: Number(frame.receiver) }
}

/** The answer to a frame that is refused. It is unlike a message, so that pages do not show it as one. */
export function errorFrame (error: { code: ErrorCode, message: string }) {
  return { type: 'error', error: refusal(error).message, code: error.code } as const
}
