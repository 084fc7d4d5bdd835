/** One authenticated socket: bounded writes, pending posts, joined chats. */
import type { Socket } from 'node:net'
import type { Session } from '../domain/accounts/sessions.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { FeedSubscriber } from './audience.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import type { Codec } from './codec.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'

/** Up to this number of unsent bytes a socket has caught up: Node's own mark, above which it emits `drain`. */
const LOW_WATER_BYTES = 16_384

/** Limits of one socket. */
export type ConnectionLimits = {
  /** Bytes that may wait to be sent before the socket is closed with 1013. */
  maxUnsentBytes: number
  /** Chats that it may join. */
  maxChatsPerSocket: number
}

/** The part of a WebSocket (`ws`) that is used. */
export type WebSocketHandle = {
  pause: () => void
  resume: () => void
  close: (code: number, reason?: string) => void
  terminate: () => void
}

/** A socket's subscription to a chat. After `silence` it writes no more. */
export type ChatSubscription = FeedSubscriber & { silence: () => void, end: () => void }

/** Parts of a connection. */
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

/** An authenticated socket. */
export class Connection {
  readonly #webSocket: WebSocketHandle
  /** The TCP socket, to which whole frames are written directly. */
  readonly socket: Socket
  /** The encoding of events. */
  readonly codec: Codec
  readonly #limits: ConnectionLimits
  readonly #metrics: Metrics
  #session: Session
  #isOpen = true
  /** The code with which this side has closed the socket; undefined before. */
  #closedWith: CloseCode | undefined
  #isLeaving = false
  /** Number of pending posts, and functions to call when it is zero. */
  #posting = 0
  #onIdle: (() => void)[] | undefined
  /** Cleared by each ping and set by anything received. */
  isAlive = true
  /** Subscriptions of this socket, by chat. */
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

  /** Continues under a newer token of the same user. */
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
   * Closes a reader whose unsent bytes exceed the limit; it resumes later. To be called when a write was not sent
   * completely: almost all stay below Node's own mark, which is below any limit.
   */
  closeIfTooSlow (): void {
    if (this.socket.writableLength <= this.#limits.maxUnsentBytes) return
    this.#metrics.slowConsumers++
    this.close(CLOSE_CODES.tryAgainLater, 'too slow a reader')
  }

  /** Resolves when few bytes are left to send, or the socket is closed. */
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

  /** Closes the socket; nothing is written to it after this. */
  close (code: CloseCode, reason: string): void {
    // A session that ends while its sockets are leaving ends their leave.
    if (code === CLOSE_CODES.refused) this.#isLeaving = false
    if (this.#closedWith !== undefined) return
    this.#closedWith = code
    this.markClosed()
    this.#webSocket.close(code, reason)
    // The client's half of the closing handshake must be read, whether or not the socket was paused.
    this.#webSocket.resume()
  }

  /** Notes that the socket is closing: nothing more is written. */
  markClosed (): void {
    this.#isOpen = false
    for (const joined of this.subscriptions.values()) joined.silence()
  }

  /** Whether it was asked to reconnect elsewhere: frames that its client sent before it knew are still handled. */
  get isLeaving (): boolean {
    return this.#isLeaving
  }

  /** Counts a pending post. */
  beginPost (): void {
    this.#posting++
  }

  /** Counts an answered post. */
  endPost (): void {
    this.#posting--
    if (this.#posting > 0) return
    const waiting = this.#onIdle ?? []
    this.#onIdle = undefined
    for (const resolve of waiting) resolve()
  }

  /** Resolves when every post that was pending is answered. */
  async postsSettled (): Promise<void> {
    if (this.#posting > 0) await new Promise<void>((resolve) => (this.#onIdle ??= []).push(resolve))
  }

  /** Stops reading, answers pending posts, and then closes the socket with 1012. */
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
