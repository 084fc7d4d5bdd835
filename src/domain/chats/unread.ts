/** What a user has not read: messages above the read mark that are neither own nor deleted nor hidden from the user. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/unread.ts'
import { publicChatId } from './chat-id.ts'
import type { Caller } from './chat-reader.ts'

/** The highest number that is counted. */
export const MAX_UNREAD = store.COUNTED - 1

/** The unread messages of a chat. */
export type Unread = {
  /** Up to {@link MAX_UNREAD}. */
  unread: number
  /** Whether there are more than that. */
  hasMore: boolean
  /** Those that mention the user, up to {@link MAX_UNREAD}. */
  mentions: number
  /** The read mark, which the user's own posts have moved. */
  readSeq: number
}

/** The unread messages of all chats of a user: `chats` are those that have some, by their ids of `/v1`. */
export type UnreadTotal = { total: number, mentions: number, hasMore: boolean, chats: ReadonlyMap<string, Unread> }

/** Counts the unread messages of a user in these chats, of which the user is a member. */
export async function countUnread (
  orm: Orm,
  userId: number,
  chatIds: readonly number[]
): Promise<ReadonlyMap<number, Unread>> {
  const rows = chatIds.length === 0 ? [] : await store.listUnread(orm, userId, chatIds)
  return new Map(rows.map((row) => [row.chatId, unreadOf(row)]))
}

/** Counts the unread messages of a user in all chats that the token may read. */
export async function countAllUnread (
  orm: Orm,
  { userId, claim }: Caller & { userId: number }
): Promise<UnreadTotal> {
  const chats = new Map<string, Unread>()
  for (const row of await store.listUnread(orm, userId)) {
    const id = publicChatId(row.chatId, row.publicId)
    if (row.unread > 0 && claim?.may(id, 'read') !== false) chats.set(id, unreadOf(row))
  }
  const counts = [...chats.values()]
  return {
    total: counts.reduce((sum, { unread }) => sum + unread, 0),
    mentions: counts.reduce((sum, { mentions }) => sum + mentions, 0),
    hasMore: counts.some(({ hasMore }) => hasMore),
    chats
  }
}

function unreadOf ({ unread, mentions, readSeq }: store.UnreadRow): Unread {
  return {
    unread: Math.min(unread, MAX_UNREAD),
    hasMore: unread > MAX_UNREAD,
    mentions: Math.min(mentions, MAX_UNREAD),
    readSeq
  }
}
