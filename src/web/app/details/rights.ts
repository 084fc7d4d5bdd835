/** What is offered in the details of a chat, by the rights of the user. Pure. */
import type { ChatInfo } from '../../../client/index.ts'
import { may } from '../state/chats.ts'

/** Whether the user keeps order in the chat. */
export function isModerated (info: ChatInfo): boolean {
  return info.type !== 'direct' && (may(info, 'moderate') || may(info, 'delete_any'))
}
