/**
 * The feeds of users: what concerns a user outside of the chats that a client follows. Each is numbered without a gap,
 * in the order of the commits. Triggers of the store write most of it, so that it has what other releases do, too.
 */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/feeds.ts'
import { publicChatId } from '../chats/chat-id.ts'
import { ChatError } from '../errors.ts'

/** Mentions of more members than that wake no feed. */
const MAX_MENTIONED = 100

/** An event of a feed. `data` is what its kind needs beside. */
export type FeedEvent = {
  pos: number
  kind: string
  at: Date
  /** The id of the chat that it is about, in `/v1`. */
  chat: string | undefined
  data: Record<string, unknown>
}

/** A page of a feed, and the last position of the feed in the same snapshot or before. */
export type FeedPage = { items: FeedEvent[], pos: number }

/** Called after the commit with users whose feeds may have changed. It must not throw. */
export type FeedListener = (userIds: readonly number[]) => void

/** The feeds of this server's users. */
export class Feeds {
  readonly #orm: Orm
  readonly #listeners: FeedListener[] = []

  constructor (orm: Orm) {
    this.#orm = orm
  }

  /** Calls `listener` with the users of {@link Feeds.announce}. */
  onChanged (listener: FeedListener): void {
    this.#listeners.push(listener)
  }

  /** Tells that the feeds of users may have changed. To be called after the commit. */
  announce (userIds: readonly number[]): void {
    if (userIds.length > 0) for (const listener of this.#listeners) listener(userIds)
  }

  /** The same for the users that a message mentions. */
  async announceMentions (chatId: number, mentions: readonly string[]): Promise<void> {
    if (mentions.length > 0)
      this.announce(await store.findMentioned(this.#orm, { chatId, mentions, limit: MAX_MENTIONED }))
  }

  /** The last positions of these feeds; 0 for one without any event. */
  async heads (userIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const rows = await store.findFeedHeads(this.#orm, userIds)
    const heads = new Map(userIds.map((userId) => [userId, 0]))
    for (const { userId, pos } of rows) heads.set(userId, pos)
    return heads
  }

  /** The oldest events of a feed behind a position. */
  async read (userId: number, after: number, limit: number): Promise<FeedEvent[]> {
    return (await store.listFeed(this.#orm, userId, { after, limit })).map(eventOf)
  }

  /**
   * The events behind a position.
   * @throws {ChatError} `position_unknown` when it is beyond the end
   */
  async page (userId: number, after: number, limit: number): Promise<FeedPage> {
    const pos = await store.findFeedHead(this.#orm, userId)
    if (after > pos) throw new ChatError('position_unknown')
    return { items: (await store.listFeed(this.#orm, userId, { after, upTo: pos, limit })).map(eventOf), pos }
  }

  /** The events before a position, oldest first. */
  async pageBefore (userId: number, before: number, limit: number): Promise<FeedPage> {
    const pos = await store.findFeedHead(this.#orm, userId)
    return { items: (await store.listFeedBefore(this.#orm, userId, before, limit)).reverse().map(eventOf), pos }
  }
}

/** Converts a row to its event. */
export function eventOf ({ pos, kind, chatId, chosenId, data, createdAt }: store.FeedRow): FeedEvent {
  return {
    pos, kind, at: createdAt, chat: chatId === null ? undefined : publicChatId(chatId, chosenId), data: data ?? {}
  }
}
