/** The chats beside the open one, in the order of the list. Pure. */
import type { ChatInfo } from '../../../client/index.ts'

/** The id of the next chat, or of the one before; from the end it goes to the beginning. */
export function neighbourOf (
  chats: readonly ChatInfo[], open: string | undefined, step: 1 | -1
): string | undefined {
  const index = chats.findIndex(({ id }) => id === open)
  if (index < 0) return chats.at(step === 1 ? 0 : -1)?.id
  return chats[(index + step + chats.length) % chats.length]?.id
}

/** The id of the next chat with unread messages that is not muted. */
export function nextUnread (chats: readonly ChatInfo[], open: string | undefined): string | undefined {
  const index = chats.findIndex(({ id }) => id === open)
  const others = [...chats.slice(index + 1), ...chats.slice(0, Math.max(0, index))]
  return others.find(({ unread, me }) => unread > 0 && me?.muted !== true)?.id
}
