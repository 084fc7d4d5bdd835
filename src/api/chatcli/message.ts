/** A message as this dialect shows it, in history and in frames alike. */
import Type, { type Static } from 'typebox'
import { type Message, plainTextOf } from '../../domain/events/message.ts'
import { MAX_CLIENT_MESSAGE_ID_LENGTH } from '../../domain/events/messages.ts'

const Id = (description: string) => Type.Integer({ minimum: 1, description })

/** Its fields. */
export const MESSAGE_FIELDS = {
  messageID: Id('Unique across all chats.'),
  chatID: Id('The chat it is in.'),
  userID: Id('Its author.'),
  username: Type.String({ description: 'The name of its author.' }),
  message: Type.String({
    description:
      'Its text, as it was sent or last edited; `--deleted--` when it was deleted, and the names of its files when ' +
      'it has nothing else.'
  }),
  timestamp: Type.String({ format: 'date-time', description: 'When it was stored, in UTC.' }),
  seq: Type.Integer({
    minimum: 1,
    description:
      'Its number in the chat: increasing, the same for all members. Numbers in between are events that this API ' +
      'does not show.'
  }),
  clientMessageID: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_CLIENT_MESSAGE_ID_LENGTH,
      description: 'The id that its author assigned, if any.'
    })
  )
}

/** Further fields, for clients that know that messages change. */
export const CHANGE_FIELDS = {
  edited_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'When its text was last changed.'
  }),
  deleted_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'When it was deleted.' })
}

/** A message of a history. */
export const MessageSchema = Type.Object(MESSAGE_FIELDS, { title: 'Message' })
/** A message of a history, for clients that know that messages change. */
export const ChangingMessageSchema = Type.Object({ ...MESSAGE_FIELDS, ...CHANGE_FIELDS }, { title: 'ChangingMessage' })

/** An epoch, for the documents. */
export const EXAMPLE_EPOCH = '6a1f0c52'

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
export function encodeMessage (message: Message): Static<typeof MessageSchema> {
  const { id, chatId, authorId, username, at, seq, clientMessageId } = message
  return {
    messageID: id,
    chatID: chatId,
    userID: authorId,
    username,
    message: plainTextOf(message),
    timestamp: at.toISOString(),
    seq,
    ...(clientMessageId !== undefined && { clientMessageID: clientMessageId })
  }
}

/** The same with the times of its changes. */
export function encodeChangingMessage (message: Message): Static<typeof ChangingMessageSchema> {
  return { ...encodeMessage(message), ...changeTimes(message) }
}

/** The times of the changes of a message. */
export function changeTimes ({ editedAt, deletedAt }: Pick<Message, 'editedAt' | 'deletedAt'>) {
  return { edited_at: editedAt?.toISOString() ?? null, deleted_at: deletedAt?.toISOString() ?? null }
}
