/** One socket's place in one chat. */
import type { FeedSubscriber } from './chat-feed.ts'
import type { Connection } from './connection.ts'

/** Passes a feed's frames on to a socket for as long as both want it. */
export class Subscription implements FeedSubscriber {
  readonly chatId: number
  readonly userId: number
  readonly fromSeq: number
  readonly membersVersion: number
  readonly connection: Connection
  #isActive = true

  constructor (connection: Connection, membership: { chatId: number, fromSeq: number, membersVersion: number }) {
    this.connection = connection
    this.chatId = membership.chatId
    this.fromSeq = membership.fromSeq
    this.membersVersion = membership.membersVersion
    this.userId = connection.session.userId
  }

  /** Whether frames are still wanted. */
  get isActive (): boolean {
    return this.#isActive && this.connection.isOpen
  }

  write (frames: Buffer): void {
    this.connection.write(frames)
  }

  removed (): void {
    this.end()
  }

  /** Ends it: by the client, by a newer one for the same chat, or because the user has left. */
  end (): void {
    this.#isActive = false
    if (this.connection.subscriptions.get(this.chatId) === this) this.connection.subscriptions.delete(this.chatId)
  }
}
