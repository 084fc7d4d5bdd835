/** Bodies of the `/chat` routes, and the ids that frames share with them. */
import Type from 'typebox'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_USERNAME_LENGTH = 1_024

/** The number of a chat, as it stands in a body or a frame. */
export const ChatId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The chat.' })
/** A position in a chat. */
export const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'A position in a chat.' })

/** Where the token is looked for first. What is no string is refused before a body is held against its schema. */
const SESSION_FIELD = {
  session_token: Type.Optional(
    Type.String({ description: 'The `access_token` of a login; it may come in the header `Authorization` instead.' })
  )
}

/** Of a route that asks for nothing but a session. */
export const SessionBody = Type.Object(SESSION_FIELD)
export const CreateChatBody = Type.Object({
  ...SESSION_FIELD,
  receiver: Type.String({ maxLength: MAX_USERNAME_LENGTH, description: 'The name of the other user, in any case.' })
})
export const ChatBody = Type.Object({ ...SESSION_FIELD, chatID: ChatId })
export const MessagesBody = Type.Object({
  ...SESSION_FIELD,
  chatID: ChatId,
  limit: Type.Integer({
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: 'How many messages at the most.'
  }),
  before: Type.Optional(Type.Integer({ ...Seq, description: 'Only messages with a smaller seq: the newest of them.' })),
  after: Type.Optional(
    Type.Integer({ ...Seq, description: 'Only messages with a greater seq: without `before`, the oldest of them.' })
  )
})

/** A chat in the caller's list. */
export const ChatSummary = Type.Object(
  {
    chatID: ChatId,
    name: Type.String({ description: 'The name of the other user.' }),
    userID: Type.Integer({ minimum: 1, description: 'The other user.' }),
    lastSeq: Type.Integer({ minimum: 0, description: 'The seq of its newest message; 0 without any.' }),
    lastActivity: Type.String({
      format: 'date-time',
      description: 'When something was last posted, or the chat created.'
    })
  },
  { title: 'ChatSummary' }
)
