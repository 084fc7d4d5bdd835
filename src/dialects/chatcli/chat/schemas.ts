/** Bodies of the `/chat` routes, and the ids that frames share with them. */
import Type from 'typebox'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_USERNAME_LENGTH = 1_024

/** The number of a chat, as it stands in a body or a frame. */
export const ChatId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
/** A position in a chat. */
export const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

export const CreateChatBody = Type.Object({ receiver: Type.String({ maxLength: MAX_USERNAME_LENGTH }) })
export const ChatBody = Type.Object({ chatID: ChatId })
export const MessagesBody = Type.Object({
  chatID: ChatId,
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  before: Type.Optional(Seq),
  after: Type.Optional(Seq)
})
