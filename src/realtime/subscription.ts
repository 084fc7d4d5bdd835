/** One socket's subscription to one chat. */
import type { Socket } from 'node:net'
import type { Codec } from './codec.ts'
import type { Connection, ChatSubscription } from './connection.ts'

/**
 * Passes a feed's frames to a socket while both are active. It reads only the socket itself: with thousands of sockets,
 * each further object would have to be loaded into the caches.
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

  /** Ends it: the client leaves, joins the same chat again, or the user has left the chat. */
  end (): void {
    this.silence()
    if (this.connection.subscriptions.get(this.chatId) === this) this.connection.subscriptions.delete(this.chatId)
  }
}
