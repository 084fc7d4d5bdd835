/** Chats as the page shows them. Pure. */
import type { ChatInfo } from '../../../client/index.ts'

/** What only moderators may do as long as a chat is frozen. */
const FROZEN: ReadonlySet<string> = new Set(['post', 'edit_own', 'edit_any', 'react', 'pin'])

/** The name to show of a chat. */
export function chatName ({ name, id }: Pick<ChatInfo, 'name' | 'id'>): string {
  return name === null || name.trim() === '' ? id : name
}

/** Those to show: pinned ones first, else in their order; archived ones apart. */
export function arrangeChats (
  items: readonly ChatInfo[], { isArchive, filter }: { isArchive: boolean, filter: string }
): ChatInfo[] {
  const wanted = filter.trim().toLocaleLowerCase()
  const shown = items.filter((chat) => wanted === ''
    ? chat.me?.archived === isArchive || (chat.me === null && !isArchive)
    : chatName(chat).toLocaleLowerCase().includes(wanted))
  const isPinned = (chat: ChatInfo) => chat.me?.pinned === true
  return [...shown.filter(isPinned), ...shown.filter((chat) => !isPinned(chat))]
}

/** Whether the user may do something in a chat. */
export function may (chat: ChatInfo | null, permission: string): boolean {
  if (chat?.me == null || !chat.me.permissions.includes(permission)) return false
  return chat.frozen_at === null || !FROZEN.has(permission) || chat.me.permissions.includes('moderate')
}
