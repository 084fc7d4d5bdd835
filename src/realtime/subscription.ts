/** One socket's subscription to one chat. */
import type { ChatFeed } from './chat-feed.ts'
import type { Codec, SubscriptionEnd } from './codec.ts'
import type { Connection, ChatSubscription, FrameSink } from './connection.ts'

/** A membership as a subscription needs it. */
export type SubscribedMembership = {
  chatId: number
  fromSeq: number
  membersVersion: number
  otherId: number | null
  chosenId: string | null
  type: string
  hasHidden?: boolean
  isVisitor?: boolean
}

/**
 * Passes a feed's frames to a socket while both are active. It reads only the socket itself: with thousands of sockets,
 * each further object would have to be loaded into the caches.
 */
export class Subscription implements ChatSubscription {
  readonly chatId: number
  readonly userId: number
  codec: Codec
  readonly fromSeq: number
  readonly membersVersion: number
  /** Whether some messages may be hidden from the user: the replay asks for them. */
  readonly mayHide: boolean
  readonly connection: Connection
  isVisitor: boolean
  /** Whether the client has joined the chat. */
  isJoined = false
  /** Whether the socket follows it as one of all chats of its user. */
  isFollowed = false
  /** Whether the client was told that it follows the chat no longer. */
  isEndShown = false
  readonly otherId: number | null
  readonly chosenId: string | null
  readonly #socket: FrameSink
  #isActive = true

  /** @param codec that of the socket in the chat */
  constructor (connection: Connection, membership: SubscribedMembership, codec: Codec) {
    this.connection = connection
    this.#socket = connection.socket
    this.chatId = membership.chatId
    this.fromSeq = membership.fromSeq
    this.membersVersion = membership.membersVersion
    this.isVisitor = membership.isVisitor === true
    this.mayHide = membership.hasHidden !== false
    this.userId = connection.principal.userId
    this.otherId = membership.otherId
    this.chosenId = membership.chosenId
    this.codec = codec
  }

  /** Whether frames are still wanted. */
  get isActive (): boolean {
    return this.#isActive && this.connection.isOpen
  }

  write (frames: Buffer): void {
    if (!this.#isActive || !this.#socket.writable) return
    if (!this.#socket.write(frames)) this.connection.closeIfTooSlow()
    // The author, who is the next to post, does not wait for the others.
    if (this.#socket.writableCorked > 0) this.connection.flush()
  }

  admitted (): void {
    this.isVisitor = false
  }

  silence (): void {
    this.#isActive = false
  }

  removed (reason: SubscriptionEnd): void {
    const shown = this.#isActive ? this.codec.showEnd?.(reason) : undefined
    if (shown !== undefined) {
      this.connection.tell(shown)
      this.isEndShown = true
    }
    this.end()
  }

  /** Ends it: the client leaves, joins the same chat again, or the user has left the chat. */
  end (): void {
    this.silence()
    if (this.connection.subscriptions.get(this.chatId) === this) this.connection.subscriptions.delete(this.chatId)
  }
}

/** Ends a socket's subscription to a chat. */
export function endSubscription (feed: Pick<ChatFeed, 'detach'>, subscription: ChatSubscription): void {
  feed.detach(subscription)
  subscription.end()
}
