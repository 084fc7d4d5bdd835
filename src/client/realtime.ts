/**
 * The socket: opened, authenticated, kept alive, and opened again whenever it is lost, until it is stopped or the
 * session has ended.
 */
import { Backoff, type BackoffBounds } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { ConfabError } from './errors.ts'
import { fieldOf, integerOf, textOf } from './http.ts'
import type { Session } from './session.ts'

/** The session is refused: another token may do. */
const REFUSED = 1008
/** The server asks for some time. */
const TRY_AGAIN_LATER = 1013
const TRY_AGAIN_LATER_MS = 1_000
/** Sent by the client itself when it gives up a socket. */
const GIVEN_UP = 4000
/** A timer cannot be longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** What is used of a WebSocket, that of browsers and that of `ws`. */
export type SocketLike = {
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  onerror: (() => void) | null
  send: (data: string) => void
  close: (code?: number, reason?: string) => void
}

/** Makes a socket. */
export type SocketConstructor = new (url: string) => SocketLike

/** `offline` is between two attempts; `closed` is for good. */
export type ConnectionState = 'connecting' | 'online' | 'offline' | 'closed'

/** What the socket tells of. */
export type RealtimeEvents = {
  state: ConnectionState
  /** A frame that answers nothing. */
  frame: unknown
  /** The session has ended: nothing comes until somebody logs in. */
  loggedOut: undefined
}

/** Where the socket goes; times in milliseconds. */
export type RealtimeOptions = {
  url: string
  session: Session
  socket: SocketConstructor
  backoff: BackoffBounds
  /** How long an answer may take. */
  timeoutMs: number
  /** After so much silence the server is asked for a sign of life. */
  heartbeatMs: number
}

type Waiting = {
  resolve: (answer: unknown) => void
  reject: (error: ConfabError) => void
  timer: ReturnType<typeof setTimeout>
}

/** A connection that comes back. */
export class Realtime extends Emitter<RealtimeEvents> {
  readonly #options: RealtimeOptions
  readonly #backoff: Backoff
  readonly #waiting = new Map<number, Waiting>()
  #socket: SocketLike | undefined
  #state: ConnectionState = 'closed'
  #lastRef = 0
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #openTimer: ReturnType<typeof setTimeout> | undefined
  #heartbeatTimer: ReturnType<typeof setTimeout> | undefined
  #renewTimer: ReturnType<typeof setTimeout> | undefined

  constructor (options: RealtimeOptions) {
    super()
    this.#options = options
    this.#backoff = new Backoff(options.backoff)
  }

  get state (): ConnectionState {
    return this.#state
  }

  /** Begins to connect; nothing when it has begun already. */
  start (): void {
    if (this.#state !== 'closed') return
    this.#backoff.reset()
    void this.#connect()
  }

  /** Tries at once, where an attempt was waiting for its time: the network is back. */
  reconnectNow (): void {
    if (this.#state !== 'offline') return
    clearTimeout(this.#retryTimer)
    void this.#connect()
  }

  /** Ends it. What waits for an answer gets `closed`. */
  stop (): void {
    this.#drop(new ConfabError('closed', 'The client was closed.'))
    this.#become('closed')
  }

  /**
   * Sends an action with a `ref`.
   * @returns the server's `ack`
   * @throws {ConfabError} the server's refusal, `unreachable` when the socket is or goes away, `timeout`
   */
  request (action: object): Promise<unknown> {
    const socket = this.#socket
    if (socket === undefined || this.#state !== 'online')
      return Promise.reject(new ConfabError('unreachable', 'The server is not connected.'))
    return this.#ask(socket, action)
  }

  #ask (socket: SocketLike, action: object): Promise<unknown> {
    const ref = ++this.#lastRef
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref)
        reject(new ConfabError('timeout', 'The server did not answer in time.'))
        // A socket on which answers are missing is no use.
        this.#lose(socket, GIVEN_UP)
      }, this.#options.timeoutMs)
      this.#waiting.set(ref, { resolve, reject, timer })
      socket.send(JSON.stringify({ ...action, ref }))
    })
  }

  async #connect (): Promise<void> {
    this.#become('connecting')
    let token: string
    try {
      token = await this.#options.session.accessToken()
    } catch (error) {
      if (error instanceof ConfabError && error.code === 'logged_out') this.#endSession()
      else this.#retryLater()
      return
    }
    // Stopped while the token was fetched.
    if (this.state === 'connecting') this.#open(token)
  }

  #open (token: string): void {
    const socket = new this.#options.socket(`${this.#options.url.replace(/^http/, 'ws')}/ws`)
    this.#socket = socket
    this.#openTimer = setTimeout(() => this.#lose(socket, GIVEN_UP), this.#options.timeoutMs)
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token }))
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#take(socket, data)
    }
    // A close follows, and says enough.
    socket.onerror = () => undefined
    socket.onclose = ({ code }) => this.#lose(socket, code, token)
  }

  #take (socket: SocketLike, data: unknown): void {
    this.#listen(socket)
    const frame: unknown = typeof data === 'string' ? JSON.parse(data) : undefined
    const type = textOf(frame, 'type')
    if (type === 'auth_ack') {
      this.#welcome(socket)
      return
    }
    const ref = integerOf(frame, 'ref')
    const waiting = ref === undefined ? undefined : this.#waiting.get(ref)
    if (ref === undefined || waiting === undefined) {
      this.emit('frame', frame)
      return
    }
    this.#waiting.delete(ref)
    clearTimeout(waiting.timer)
    if (type === 'ack') waiting.resolve(frame)
    else
      waiting.reject(
        new ConfabError(textOf(frame, 'code') ?? 'refused', textOf(frame, 'message') ?? 'The server refused.', {
          epoch: textOf(fieldOf(frame, 'epoch') === undefined ? undefined : frame, 'epoch')
        })
      )
  }

  #welcome (socket: SocketLike): void {
    clearTimeout(this.#openTimer)
    this.#renewInTime(socket)
    if (this.#state === 'online') return
    this.#backoff.reset()
    this.#become('online')
  }

  /** Goes on under a newer token before the server closes the socket for the old one. */
  #renewInTime (socket: SocketLike): void {
    const { session } = this.#options
    clearTimeout(this.#renewTimer)
    this.#renewTimer = setTimeout(
      () => {
        session.accessToken().then(
          (token) => {
            if (this.#socket === socket) socket.send(JSON.stringify({ type: 'auth', token }))
            // A session that has ended ends the socket, too; any other failure is met again when that happens.
          },
          () => undefined
        )
      },
      Math.min(Math.max(session.renewAt - Date.now(), 0), LONGEST_TIMER_MS)
    )
  }

  /** A connection that died without a word is noticed by asking something, whatever the answer. */
  #listen (socket: SocketLike): void {
    clearTimeout(this.#heartbeatTimer)
    this.#heartbeatTimer = setTimeout(() => {
      if (this.#socket === socket) this.#ask(socket, { type: 'ping' }).catch(() => undefined)
    }, this.#options.heartbeatMs)
  }

  /** @param token the one that the socket was opened with */
  #lose (socket: SocketLike, code: number, token?: string): void {
    if (this.#socket !== socket) return
    this.#drop(new ConfabError('unreachable', 'The connection was lost.'))
    if (code === REFUSED && token !== undefined) void this.#replaceToken(token)
    else this.#retryLater(code === TRY_AGAIN_LATER ? TRY_AGAIN_LATER_MS : 0)
  }

  async #replaceToken (token: string): Promise<void> {
    this.#become('offline')
    try {
      await this.#options.session.renew(token)
    } catch (error) {
      if (error instanceof ConfabError && error.code === 'logged_out') {
        this.#endSession()
        return
      }
    }
    // Not at once: a server that refuses whatever it is shown must not be asked without end.
    if (this.#state === 'offline') this.#retryLater()
  }

  #retryLater (atLeastMs = 0): void {
    if (this.#state === 'closed') return
    this.#become('offline')
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#connect(), atLeastMs + this.#backoff.next())
  }

  #endSession (): void {
    this.#drop(new ConfabError('logged_out', 'The session has ended.'))
    this.#become('closed')
    this.emit('loggedOut', undefined)
  }

  #drop (error: ConfabError): void {
    for (const timer of [this.#retryTimer, this.#openTimer, this.#heartbeatTimer, this.#renewTimer]) clearTimeout(timer)
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) {
      socket.onmessage = socket.onclose = null
      socket.close()
    }
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject, timer } of waiting) {
      clearTimeout(timer)
      reject(error)
    }
  }

  #become (state: ConnectionState): void {
    if (this.#state === state) return
    this.#state = state
    this.emit('state', state)
  }
}
