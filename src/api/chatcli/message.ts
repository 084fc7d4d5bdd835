/** A message as this dialect shows it, in history and in frames alike. */
import Type, { type Static } from 'typebox'
import type { Message } from '../../domain/events/message.ts'
import { MAX_CLIENT_MESSAGE_ID_LENGTH } from '../../domain/events/messages.ts'

const Id = (description: string) => Type.Integer({ minimum: 1, description })

/** Its fields. */
export const MESSAGE_FIELDS = {
  messageID: Id('Unique across all chats.'),
  chatID: Id('The chat it is in.'),
  userID: Id('Its author.'),
  username: Type.String({ description: 'The name of its author.' }),
  message: Type.String({ description: 'Its text, as it was sent.' }),
  timestamp: Type.String({ format: 'date-time', description: 'When it was stored, in UTC.' }),
  seq: Type.Integer({
    minimum: 1,
    description: 'Its number in the chat: 1, 2, 3 … without a gap, the same for all members.'
  }),
  clientMessageID: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_CLIENT_MESSAGE_ID_LENGTH,
      description: 'The id that its author assigned, if any.'
    })
  )
}

/** A message of a history. */
export const MessageSchema = Type.Object(MESSAGE_FIELDS, { title: 'Message' })

/** One message, to show what they look like. */
export const EXAMPLE_MESSAGE = {
  messageID: 9,
  chatID: 1,
  userID: 2,
  username: 'bob',
  message: 'Hello Alice',
  timestamp: '2026-01-31T12:34:56.789Z',
  seq: 4,
  clientMessageID: 'c-1'
}

/** The message's fields under this dialect's names. */
export function encodeMessage ({
  id,
  chatId,
  authorId,
  username,
  text,
  at,
  seq,
  clientMessageId
}: Message): Static<typeof MessageSchema> {
  return {
    messageID: id,
    chatID: chatId,
    userID: authorId,
    username,
    message: text,
    timestamp: at.toISOString(),
    seq,
    ...(clientMessageId !== undefined && { clientMessageID: clientMessageId })
  }
}
