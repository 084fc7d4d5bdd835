/**
 * One authenticated socket: bounded writing, the posts under way, the chats it has joined.
 */
import type { Socket } from 'node:net'
import type { Session } from '../domain/accounts/sessions.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { FeedSubscriber } from './audience.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import type { Codec } from './codec.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'

/** Up to this a socket counts as having caught up, in unsent bytes: Node's own mark, beyond which it emits `drain`. */
const LOW_WATER_BYTES = 16_384

/** Bounds of one socket. */
export type ConnectionLimits = {
  /** Bytes that may wait to be sent before the socket is closed with 1013. */
  maxUnsentBytes: number
  /** Chats it may have joined. */
  maxChatsPerSocket: number
}

/** What is used of a WebSocket (`ws`). */
export type WebSocketHandle = {
  pause: () => void
  resume: () => void
  close: (code: number, reason: string) => void
  terminate: () => void
}

/** A place in a chat that a socket has taken, until it is ended. A silent one writes no more. */
export type ChatSubscription = FeedSubscriber & { silence: () => void, end: () => void }

/** What a connection is made of. */
export type ConnectionParts = {
  /** The upgraded socket. */
  webSocket: WebSocketHandle
  /** The TCP socket under it. */
  socket: Socket
  codec: Codec
  session: Session
  limits: ConnectionLimits
  metrics: Metrics
}

/** A socket whose user is known. */
export class Connection {
  readonly #webSocket: WebSocketHandle
  /** The TCP socket, to which whole frames are written directly. */
  readonly socket: Socket
  /** How it is shown events. */
  readonly codec: Codec
  readonly #limits: ConnectionLimits
  readonly #metrics: Metrics
  #session: Session
  #isOpen = true
  /** The code of our close; undefined while there is none. */
  #closedWith: CloseCode | undefined
  #isLeaving = false
  /** Posts under way, and who waits for their end. */
  #posting = 0
  #onIdle: (() => void)[] | undefined
  /** Cleared by each ping and set by whatever comes back. */
  isAlive = true
  /** What this socket has joined, by chat. */
  readonly subscriptions = new Map<number, ChatSubscription>()

  constructor ({ webSocket, socket, codec, session, limits, metrics }: ConnectionParts) {
    this.#webSocket = webSocket
    this.socket = socket
    this.codec = codec
    this.#session = session
    this.#limits = limits
    this.#metrics = metrics
  }

  get session (): Session {
    return this.#session
  }

  get isOpen (): boolean {
    return this.#isOpen && this.socket.writable
  }

  /** The code with which this side has closed the socket, if it has. */
  get closedWith (): CloseCode | undefined {
    return this.#closedWith
  }

  /** Bytes that wait to be sent. */
  get unsentBytes (): number {
    return this.socket.writableLength
  }

  get mayJoinMore (): boolean {
    return this.subscriptions.size < this.#limits.maxChatsPerSocket
  }

  /** Goes on under a newer token of the same user. */
  renew (session: Session): void {
    this.#session = session
  }

  /** Sends one JSON object. */
  send (message: object): void {
    this.write(encodeTextFrame(JSON.stringify(message)))
  }

  /** Writes whole frames. */
  write (frames: Buffer): void {
    if (this.isOpen && !this.socket.write(frames)) this.closeIfTooSlow()
  }

  /**
   * A reader who lets too much pile up is closed and resumes later. To be called when a write has not all left: what
   * stays below Node's own mark, as nearly all does, is within any bound.
   */
  closeIfTooSlow (): void {
    if (this.socket.writableLength <= this.#limits.maxUnsentBytes) return
    this.#metrics.slowConsumers++
    this.close(CLOSE_CODES.tryAgainLater, 'too slow a reader')
  }

  /** Resolves when little is left to be sent, or the socket is gone. */
  drained (): Promise<void> {
    if (!this.isOpen || this.socket.writableLength <= LOW_WATER_BYTES) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.socket.off('drain', done).off('close', done)
        resolve()
      }
      this.socket.on('drain', done).on('close', done)
    })
  }

  /** Closes the socket; nothing is written to it from here on. */
  close (code: CloseCode, reason: string): void {
    // Whose session ends while they are on their way out has said their last word.
    if (code === CLOSE_CODES.refused) this.#isLeaving = false
    if (this.#closedWith !== undefined) return
    this.#closedWith = code
    this.markClosed()
    this.#webSocket.close(code, reason)
    // The client's half of the closing handshake must be read, whether or not the socket was paused.
    this.#webSocket.resume()
  }

  /** Takes note that the socket is closing: nothing more is written. */
  markClosed (): void {
    this.#isOpen = false
    for (const joined of this.subscriptions.values()) joined.silence()
  }

  /** Whether it was told to go elsewhere: what its client sent before it knew is still taken. */
  get isLeaving (): boolean {
    return this.#isLeaving
  }

  /** A post is under way. */
  beginPost (): void {
    this.#posting++
  }

  /** It is answered. */
  endPost (): void {
    this.#posting--
    if (this.#posting > 0) return
    const waiting = this.#onIdle ?? []
    this.#onIdle = undefined
    for (const resolve of waiting) resolve()
  }

  /** Resolves when every post that was under way is answered. */
  async postsSettled (): Promise<void> {
    if (this.#posting > 0) await new Promise<void>((resolve) => (this.#onIdle ??= []).push(resolve))
  }

  /** Reads no more, answers what is under way, and then closes the socket with 1012. */
  async leave (reason: string): Promise<void> {
    if (!this.isOpen || this.#isLeaving) return
    this.#isLeaving = true
    this.#webSocket.pause()
    while (this.#posting > 0) await this.postsSettled()
    this.close(CLOSE_CODES.restart, reason)
  }

  /** Sends a ping, or drops the socket when the last one was not answered. */
  ping (frame: Buffer): void {
    if (!this.isAlive) {
      this.#webSocket.terminate()
      return
    }
    this.isAlive = false
    if (this.isOpen) this.socket.write(frame)
  }
}
