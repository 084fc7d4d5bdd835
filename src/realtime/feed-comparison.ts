/** Compares feeds with the heads of their chats in the store, so that a lost hint costs a query and not a message. */
import type { ChatHead, ChatLog } from './feed-source.ts'
import type { Room, Rooms } from './rooms.ts'

/** Chats compared in one query. */
const CHUNK = 1_000

/** Dependencies. */
export type FeedComparisonDeps = { log: Pick<ChatLog, 'heads'>, rooms: Rooms }

/** Tells feeds how far their chats are. */
export class FeedComparison {
  readonly #deps: FeedComparisonDeps

  constructor (deps: FeedComparisonDeps) {
    this.#deps = deps
  }

  /** Compares the feeds of some chats. Rejects when the store cannot be read. */
  async run (chatIds: readonly number[]): Promise<void> {
    const { log, rooms } = this.#deps
    for (let index = 0; index < chatIds.length; index += CHUNK) {
      const chunk = chatIds.slice(index, index + CHUNK)
      const heads = new Map((await log.heads(chunk)).map((head) => [head.chatId, head]))
      for (const chatId of chunk) {
        const room = rooms.get(chatId)
        if (room !== undefined) this.#compare(room, heads.get(chatId))
      }
    }
  }

  #compare (room: Room, head: ChatHead | undefined): void {
    const { feed } = room
    if (head !== undefined && feed.nextSeq > 0) feed.observeHead(head.lastSeq, head.membersVersion)
    // A deleted chat has no members.
    else if (head === undefined && feed.nextSeq > 0) feed.observeMembers(feed.membersVersion + 1)
    // Subscribers whose membership has ended are removed without notifying the hub.
    if (room.releaseTimer === undefined) this.#deps.rooms.releaseIfUnused(room)
  }
}
