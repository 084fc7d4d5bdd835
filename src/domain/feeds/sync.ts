/**
 * Brings a client up to date that was away for any time: the feed behind its position, and the chats that are ahead of
 * it. Each page is from one snapshot, and takes the same few statements however many chats there are.
 */
import type { Orm } from '../../store/database.ts'
import { findFeedHead, listFeed } from '../../store/feeds.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import * as store from '../../store/sync.ts'
import { publicChatId } from '../chats/chat-id.ts'
import type { Caller } from '../chats/chat-reader.ts'
import { countUnread, type Unread } from '../chats/unread.ts'
import { ChatError } from '../errors.ts'
import { type Message, messageOf } from '../events/message.ts'
import { eventOf, type FeedEvent } from './feeds.ts'

/** Chats and events of the feed on one page. */
const PAGE = 500

/** Where the next page of a sync begins. */
export type SyncProgress = {
  /** The position that the client has when it has all pages. */
  pos: number
  /** Events of the feed up to this position, and chats up to this number, were on earlier pages. */
  feedAfter: number
  chatAfter: number
}

/** What a client knows. */
export type SyncRequest = {
  /** The position in the feed; null at the first time. */
  pos: number | null
  /** The seqs up to which it has chats, by their ids. */
  known: store.KnownSeqs
  /** For any page but the first. */
  progress: SyncProgress | undefined
}

/** A chat that is ahead of what the client knows. */
export type SyncedChat = { id: string, head: number, unread: Unread, lastMessage: Message | undefined }

/** A page. */
export type SyncPage = {
  pos: number
  feed: FeedEvent[]
  chats: SyncedChat[]
  gone: string[]
  next: SyncProgress | undefined
}

const NOTHING_UNREAD: Unread = { unread: 0, hasMore: false, mentions: 0, readSeq: 0 }

/**
 * Returns a page.
 * @throws {ChatError} `position_unknown` for a position beyond the end
 */
export async function sync (
  orm: Orm, caller: Caller & { userId: number }, request: SyncRequest
): Promise<SyncPage> {
  return inSnapshot(orm, async (tx) => {
    const { known, progress = await begin(tx, caller.userId, request) } = request
    const { pos, feedAfter, chatAfter } = progress
    const rows = feedAfter < pos
      ? await listFeed(tx, caller.userId, { after: feedAfter, upTo: pos, limit: PAGE })
      : []
    const changed = chatAfter === Number.MAX_SAFE_INTEGER
      ? []
      : await store.listChangedChats(tx, caller.userId, { known, after: chatAfter, limit: PAGE + 1 })
    const shown = changed.slice(0, PAGE)
    const gone = request.progress === undefined ? await findGone(tx, caller.userId, known) : []
    const next = {
      pos,
      feedAfter: rows.length < PAGE ? pos : rows.at(-1)?.pos ?? pos,
      chatAfter: changed.length > PAGE ? shown.at(-1)?.chatId ?? 0 : Number.MAX_SAFE_INTEGER
    }
    return {
      pos,
      feed: rows.map(eventOf),
      chats: await describe(tx, caller, shown),
      gone,
      next: next.feedAfter < pos || next.chatAfter < Number.MAX_SAFE_INTEGER ? next : undefined
    }
  })
}

async function begin (tx: Orm, userId: number, { pos: known }: SyncRequest): Promise<SyncProgress> {
  const pos = await findFeedHead(tx, userId)
  if (known !== null && known > pos) throw new ChatError('position_unknown')
  return { pos, feedAfter: known ?? pos, chatAfter: 0 }
}

async function findGone (tx: Orm, userId: number, known: store.KnownSeqs): Promise<string[]> {
  if (Object.keys(known).length === 0) return []
  const rows = await store.findGone(tx, userId, known)
  if (rows.some(({ isBeyond }) => isBeyond)) throw new ChatError('position_unknown')
  return rows.map(({ name }) => name)
}

async function describe (
  tx: Orm, { userId, claim }: Caller & { userId: number }, changed: readonly store.ChangedChat[]
): Promise<SyncedChat[]> {
  const chats = changed
    .map(({ chatId, chosenId, lastSeq }) => ({ chatId, id: publicChatId(chatId, chosenId), head: lastSeq }))
    .filter(({ id }) => claim?.may(id, 'read') ?? true)
  const chatIds = chats.map(({ chatId }) => chatId)
  if (chatIds.length === 0) return []
  const unread = await countUnread(tx, userId, chatIds)
  const last = new Map((await store.listLastMessages(tx, userId, chatIds)).map((row) => [row.chatId, messageOf(row)]))
  return chats.map(({ chatId, id, head }) => ({
    id, head, unread: unread.get(chatId) ?? NOTHING_UNREAD, lastMessage: last.get(chatId)
  }))
}
