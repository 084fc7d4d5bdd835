/** The URLs of chats. An action is behind a colon, which no id contains. */
import Type from 'typebox'
import { CHAT_ID_PATTERN } from '../../domain/chats/chat-id.ts'

/** The path of a chat. */
export const CHAT_PATH = '/chats/:chat(^[^:/]+$)'

/** The path of what a chat has. */
export const IN_CHAT_PATH = '/chats/:chat(^[^:/]+)'

/** The path of an action on a chat. */
export function actionPath (action: string): string {
  return `/chats/:chat(^[^:/]+)::${action}`
}

const MAX_ID_LENGTH = 64

/** The id of a user in a request. */
export const UserId = Type.String({ maxLength: MAX_ID_LENGTH, description: 'The id of a user.' })

/** The parameters of {@link CHAT_PATH}. */
export const CHAT_PARAMS = { chat: Type.String({ pattern: CHAT_ID_PATTERN, description: 'The id of the chat.' }) }

/** A parameter alone. */
export const ChatParams = Type.Object(CHAT_PARAMS)
