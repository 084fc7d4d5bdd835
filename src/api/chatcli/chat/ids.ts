/** Numbers that bodies and frames share. */
import Type from 'typebox'

/** The number of a chat, as it stands in a body or a frame. */
export const ChatId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The chat.' })
/** A position in a chat. */
export const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'A position in a chat.' })
