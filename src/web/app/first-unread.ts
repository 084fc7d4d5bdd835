/** Where the unread messages of a chat begin. */
import type { Message } from '../../client/chatcli/index.ts'

/** The text that the server shows for a deleted message. */
const DELETED_TEXT = '--deleted--'

/**
 * The seq of the first unread message among those that are loaded. Other events have seqs, too, so it is found by
 * counting the messages of others from the newest one back.
 * @param unread number of unread messages, which deleted ones are not among
 * @returns undefined when there are none
 */
export function firstUnread (
  messages: readonly Pick<Message, 'seq' | 'userID' | 'text'>[],
  unread: number,
  ownID: number
): number | undefined {
  if (unread <= 0) return undefined
  const others = messages.filter(({ userID, text }) => userID !== ownID && text !== DELETED_TEXT)
  return others[Math.max(0, others.length - unread)]?.seq
}
