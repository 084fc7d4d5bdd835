/** Makes sockets follow the chats that are in the list of their user, beside those that their clients name. */
import { asChatError } from '../domain/errors.ts'
import { CLOSE_CODES } from './close-codes.ts'
import type { Connection } from './connection.ts'
import type { ChatMembership } from './feed-source.ts'
import type { Joining } from './joining.ts'
import { replay, type ReplayDeps } from './replay.ts'
import type { Rooms } from './rooms.ts'
import { endSubscription } from './subscription.ts'

/** Dependencies. */
export type ListedChatsDeps = ReplayDeps & { rooms: Rooms, joining: Pick<Joining, 'subscribe'> }

/** Begins and ends what sockets follow without joining it. */
export class ListedChats {
  readonly #deps: ListedChatsDeps

  constructor (deps: ListedChatsDeps) {
    this.#deps = deps
  }

  /**
   * Makes a socket follow a chat as one of all chats of its user.
   * @param membership as it was read before; it may be older than what the feed knows
   * @param after the seq after which the socket gets its events
   * @returns `stale` when the membership must be read again
   */
  follow (
    connection: Connection,
    membership: Omit<ChatMembership, 'chosenId'>,
    after: number
  ): 'unchanged' | 'stale' | 'following' {
    const { rooms, joining } = this.#deps
    const { chatId, fromSeq, lastSeq, membersVersion } = membership
    const current = connection.subscriptions.get(chatId)
    if (!connection.isOpen) return 'unchanged'
    if (current?.fromSeq === fromSeq) {
      current.isFollowed = true
      return 'unchanged'
    }
    const room = rooms.open(chatId)
    const { feed } = room
    if (membersVersion < feed.membersVersion) {
      rooms.releaseIfUnused(room)
      return 'stale'
    }
    const subscription = joining.subscribe(room, connection, { ...membership, chosenId: null })
    subscription.isFollowed = true
    feed.observeHead(lastSeq, membersVersion, 'join')
    if (after >= lastSeq && feed.nextSeq <= after + 1) {
      feed.attach(subscription, after + 1)
      return 'following'
    }
    feed.addReplaying(subscription)
    replay(this.#deps, feed, subscription, { after, head: lastSeq }).catch((error: unknown) => {
      endSubscription(feed, subscription)
      // Later the position would be lost. The client comes back, and knows that it was away.
      if (asChatError(error).code !== 'not_a_participant')
        connection.close(CLOSE_CODES.tryAgainLater, 'the chats cannot be read now')
    })
    return 'following'
  }

  /** Ends what a socket follows of all chats that are not among these. */
  keep (connection: Connection, chatIds: ReadonlySet<number>): void {
    for (const subscription of [...connection.subscriptions.values()])
      if (subscription.isFollowed && !chatIds.has(subscription.chatId)) this.#deps.rooms.end(subscription)
  }
}
