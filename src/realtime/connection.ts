/** One authenticated socket: bounded writes, pending posts, joined chats. */
import type { Principal } from '../domain/accounts/principal.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { FeedSubscriber } from './audience.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import type { Codec } from './codec.ts'
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'
import { PeerLiveness } from './peer-liveness.ts'

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
export type ChatSubscription = FeedSubscriber & {
  readonly chatId: number
  /** The other member of a direct chat. */
  readonly otherId: number | null
  /** The id that the application has chosen for the chat, if it has. */
  readonly chosenId: string | null
  /** That of the socket in the chat; it changes through the feed. */
  codec: Codec
  isJoined: boolean
  isFollowed: boolean
  readonly isVisitor: boolean
  readonly admitted: () => void
  silence: () => void
  end: () => void
}

/** Takes whole frames, and buffers what cannot be sent yet: a TCP socket, as a rule. */
export type FrameSink = {
  readonly writable: boolean
  readonly writableLength: number
  readonly bytesWritten: number
  write: (frames: Buffer) => boolean
  readonly writableCorked: number
  /** Holds back what is written until as many calls of `uncork`, and then sends it together. */
  cork: () => void
  uncork: () => void
  on: (event: 'drain' | 'close', listener: () => void) => unknown
  off: (event: 'drain' | 'close', listener: () => void) => unknown
}

/** Parts of a connection. */
export type ConnectionParts = {
  /** The upgraded socket. */
  webSocket: WebSocketHandle
  /** The TCP socket under it. */
  socket: FrameSink
  codec: Codec
  principal: Principal
  limits: ConnectionLimits
  metrics: Metrics
  /** What the socket is told before it is closed to be opened again elsewhere, if anything. */
  farewell?: (() => { readonly type: string }) | undefined
}

/** An authenticated socket. */
export class Connection implements Flushable {
  readonly #webSocket: WebSocketHandle
  /** The TCP socket, to which whole frames are written directly. */
  readonly socket: FrameSink
  /** The encoding of events. */
  codec: Codec
  readonly #limits: ConnectionLimits
  readonly #metrics: Metrics
  readonly #farewell: ConnectionParts['farewell']
  #principal: Principal
  #isOpen = true
  /** The code with which this side has closed the socket; undefined before. */
  #closedWith: CloseCode | undefined
  #isLeaving = false
  #isFollowingSession = false
  /** Number of pending posts, and functions to call when it is zero. */
  #posting = 0
  #onIdle: (() => void)[] | undefined
  readonly #liveness = new PeerLiveness()
  #isCorked = false
  /** Subscriptions of this socket, by chat. */
  readonly subscriptions = new Map<number, ChatSubscription>()

  constructor ({ webSocket, socket, codec, principal, limits, metrics, farewell }: ConnectionParts) {
    this.#webSocket = webSocket
    this.socket = socket
    this.codec = codec
    this.#principal = principal
    this.#limits = limits
    this.#metrics = metrics
    this.#farewell = farewell
  }

  get principal (): Principal {
    return this.#principal
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

  /** Something was received, so the client is there. */
  noteLife (): void {
    this.#liveness.noteLife()
  }

  /** Notes whether this side does not read the socket now, so that no answer to a ping can arrive. */
  notePause (isPaused: boolean): void {
    this.#liveness.isPaused = isPaused
  }

  /** Whether it may join another chat. Those that it only follows do not count. */
  get mayJoinMore (): boolean {
    const { maxChatsPerSocket } = this.#limits
    if (this.subscriptions.size < maxChatsPerSocket) return true
    let joined = 0
    for (const { isJoined } of this.subscriptions.values()) if (isJoined) joined++
    return joined < maxChatsPerSocket
  }

  /** Continues under a newer token of the same user. */
  renew (principal: Principal): void {
    this.#principal = principal
  }

  /** From now on the end of the token does not matter: the socket lives as long as its session. */
  followSession (): void {
    this.#isFollowingSession = true
  }

  /** Whether its token has expired at a time in milliseconds, and that ends the socket. */
  isExpired (now: number): boolean {
    return !this.#isFollowingSession && this.#principal.expiresAt.getTime() <= now
  }

  /**
   * Sends one JSON object, together with what follows it in this turn of the event loop: an acknowledgement and its
   * event, or the answers for all chats of a frame, take one system call.
   */
  send (message: object): void {
    if (!this.isOpen) return
    if (!this.#isCorked) {
      this.#isCorked = true
      this.socket.cork()
      flushAtEndOfTick(this)
    }
    this.write(encodeTextFrame(JSON.stringify(message)))
  }

  /** What else is due at the end of the turn is written before. */
  endTick (): void {
    process.nextTick(() => this.flush())
  }

  /** Sends what was held back. */
  flush (): void {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.socket.uncork()
  }

  /** Sends one JSON object of its own accord, and counts it. */
  tell (message: { readonly type: string }): void {
    if (!this.isOpen) return
    this.#metrics.framesSent.add(message.type)
    this.send(message)
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
        this.socket.off('drain', done)
        this.socket.off('close', done)
        resolve()
      }
      this.socket.on('drain', done)
      this.socket.on('close', done)
    })
  }

  /** Closes the socket; nothing is written to it after this. */
  close (code: CloseCode, reason: string): void {
    // A session that ends while its sockets are leaving ends their leave.
    if (code === CLOSE_CODES.refused) this.#isLeaving = false
    if (this.#closedWith !== undefined) return
    if (code === CLOSE_CODES.restart && this.#farewell !== undefined) this.tell(this.#farewell())
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
    this.#liveness.isPaused = true
    this.#webSocket.pause()
    while (this.#posting > 0) await this.postsSettled()
    this.close(CLOSE_CODES.restart, reason)
  }

  /** Sends a ping, or drops the socket when there was no sign of life since the last one. */
  ping (frame: Buffer): void {
    const unsent = this.unsentBytes
    if (!this.#liveness.survivesPing(this.socket.bytesWritten - unsent, unsent)) this.#webSocket.terminate()
    else if (this.isOpen) this.socket.write(frame)
  }
}
