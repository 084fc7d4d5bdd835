/** One socket's place in one chat. */
import type { Socket } from 'node:net'
import type { Codec } from './codec.ts'
import type { Connection, ChatSubscription } from './connection.ts'

/**
 * Passes a feed's frames on to a socket for as long as both want it. It asks nobody but the socket itself: where
 * thousands take turns, each object that is looked at has to come from memory first.
 */
export class Subscription implements ChatSubscription {
  readonly chatId: number
  readonly userId: number
  readonly codec: Codec
  readonly fromSeq: number
  readonly membersVersion: number
  readonly connection: Connection
  readonly #socket: Socket
  #isActive = true

  constructor (connection: Connection, membership: { chatId: number, fromSeq: number, membersVersion: number }) {
    this.connection = connection
    this.#socket = connection.socket
    this.chatId = membership.chatId
    this.fromSeq = membership.fromSeq
    this.membersVersion = membership.membersVersion
    this.userId = connection.session.userId
    this.codec = connection.codec
  }

  /** Whether frames are still wanted. */
  get isActive (): boolean {
    return this.#isActive && this.connection.isOpen
  }

  write (frames: Buffer): void {
    if (this.#isActive && this.#socket.writable && !this.#socket.write(frames)) this.connection.closeIfTooSlow()
  }

  silence (): void {
    this.#isActive = false
  }

  removed (): void {
    this.end()
  }

  /** Ends it: by the client, by a newer one for the same chat, or because the user has left. */
  end (): void {
    this.silence()
    if (this.connection.subscriptions.get(this.chatId) === this) this.connection.subscriptions.delete(this.chatId)
  }
}
