/**
 * The ids of chats in `/v1`: an application may choose them; the others have a reserved prefix and follow from the
 * number of the chat, so that nothing has to be stored for them.
 */
import { USER_ID_PATTERN } from '../accounts/user-id.ts'

const OWN_PREFIX = 'cf~'

/** Lengths and characters of an id, as a regular expression: those of users. */
export const CHAT_ID_PATTERN = USER_ID_PATTERN

const FORM = new RegExp(CHAT_ID_PATTERN)
const OWN = new RegExp(`^${OWN_PREFIX}([1-9]\\d{0,15})$`)

/** The id of a chat. @param chosen the one that the application has chosen, if it has */
export function publicChatId (chatId: number, chosen: string | null): string {
  return chosen ?? `${OWN_PREFIX}${String(chatId)}`
}

/** Whether an application may choose this id for a chat. */
export function isChosenChatId (text: string): boolean {
  return FORM.test(text) && !text.startsWith(OWN_PREFIX)
}

/**
 * What an id names: a chat by its number, or by the id that was chosen; undefined when it can name none. A chat with a
 * chosen id has no other.
 */
export function parseChatId (text: string): { chatId: number } | { chosen: string } | undefined {
  const [, id] = OWN.exec(text) ?? []
  if (id !== undefined) return { chatId: Number(id) }
  return isChosenChatId(text) ? { chosen: text } : undefined
}
