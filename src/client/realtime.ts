/**
 * The socket: opened, authenticated, kept alive, and opened again whenever it is lost, until it is stopped.
 */
import { Backoff, type BackoffBounds } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { ConfabError } from './errors.ts'
import { integerOf, parseJson, textOf } from './json.ts'
import { PendingRequests } from './pending-requests.ts'
import type { Session } from './session.ts'
import type { ConnectionState, SocketConstructor, SocketLike } from './socket.ts'
import type { WakeUp } from './wake-up.ts'

/** The session is refused: another token may do. */
const REFUSED = 1008
/** The server asks for some time. */
const TRY_AGAIN_LATER = 1013
const TRY_AGAIN_LATER_MS = 1_000
/** Sent by the client itself when it gives up a socket. */
const GIVEN_UP = 4000
/** How long an answer may take after the page or the machine stood still, in milliseconds. */
const WAKE_UP_TIMEOUT_MS = 2_000
/** A timer cannot be longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Events of the connection. */
export type RealtimeEvents = {
  state: ConnectionState
  /** A frame that answers nothing. */
  frame: unknown
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
  /** Called each time a socket was closed before it was open. */
  onUnopened: () => void
}

/** A connection that comes back. Of each change of its state the event comes last, as a listener may stop it. */
export class Realtime extends Emitter<RealtimeEvents> {
  readonly #options: RealtimeOptions
  readonly #backoff: Backoff
  readonly #requests = new PendingRequests()
  #socket: SocketLike | undefined
  #state: ConnectionState = 'closed'
  /** Counts the attempts to connect: an older one that is still waiting has nothing more to do. */
  #attempt = 0
  #isProbing = false
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

  /** Tries at once, where an attempt was waiting for its time. */
  reconnectNow (): void {
    if (this.#state !== 'offline') return
    clearTimeout(this.#retryTimer)
    void this.#connect()
  }

  /** Finds out whether the connection outlived a standstill; one that surely did not is replaced at once. */
  wakeUp ({ isFrozen }: WakeUp): void {
    const socket = this.#socket
    if (socket !== undefined && isFrozen) this.#lose(socket, GIVEN_UP)
    else if (socket !== undefined && this.#state === 'online' && !this.#isProbing) {
      this.#isProbing = true
      this.#ask(socket, { type: 'ping' }, WAKE_UP_TIMEOUT_MS)
        .catch((error: unknown) => {
          if (error instanceof ConfabError && error.code === 'timeout') this.reconnectNow()
        })
        .finally(() => {
          this.#isProbing = false
        })
    }
    this.reconnectNow()
  }

  /** Ends it. Requests that wait for an answer get the error. */
  stop (error: ConfabError): void {
    this.#attempt++
    this.#drop(error)
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
    return this.#ask(socket, action, this.#options.timeoutMs)
  }

  #ask (socket: SocketLike, action: object, timeoutMs: number): Promise<unknown> {
    return this.#requests.add({
      timeoutMs,
      send: (ref) => socket.send(JSON.stringify({ ...action, ref })),
      onLate: () => {
        // A socket on which answers are missing is no use.
        this.#lose(socket, GIVEN_UP)
        return new ConfabError('timeout', 'The server did not answer in time.')
      }
    })
  }

  async #connect (): Promise<void> {
    const attempt = ++this.#attempt
    this.#become('connecting')
    let token: string | undefined
    try {
      token = await this.#options.session.accessToken()
    } catch {
      // A session that has ended stops this connection; everything else may pass.
    }
    if (attempt !== this.#attempt) return
    if (token === undefined) this.#retryLater()
    else this.#open(token)
  }

  #open (token: string): void {
    let socket: SocketLike
    try {
      socket = new this.#options.socket(`${this.#options.url.replace(/^http/, 'ws')}/ws`)
    } catch {
      this.#options.onUnopened()
      this.#retryLater()
      return
    }
    this.#socket = socket
    this.#openTimer = setTimeout(() => this.#lose(socket, GIVEN_UP), this.#options.timeoutMs)
    let isOpen = false
    socket.addEventListener('open', () => {
      isOpen = true
      if (this.#socket === socket) socket.send(JSON.stringify({ type: 'auth', token }))
    })
    socket.addEventListener('message', ({ data }) => {
      if (this.#socket === socket) this.#take(socket, data)
    })
    // A close follows, and says enough.
    socket.addEventListener('error', () => undefined)
    socket.addEventListener('close', ({ code }) => {
      if (!isOpen && this.#socket === socket) this.#options.onUnopened()
      this.#lose(socket, code, token)
    })
  }

  #take (socket: SocketLike, data: unknown): void {
    this.#listen(socket)
    const frame = typeof data === 'string' ? parseJson(data) : undefined
    const type = textOf(frame, 'type')
    if (type === 'auth_ack') {
      this.#welcome(socket)
      return
    }
    const ref = integerOf(frame, 'ref')
    if (ref === undefined) this.emit('frame', frame)
    else if (type === 'ack') this.#requests.resolve(ref, frame)
    else this.#requests.reject(ref, refusalOf(frame))
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
          },
          // The server will close the socket when its token ends, and then another attempt is made.
          () => undefined
        )
      },
      Math.min(Math.max(session.renewInMs, 0), LONGEST_TIMER_MS)
    )
  }

  /** A connection that died without a close is noticed by asking something, whatever the answer. */
  #listen (socket: SocketLike): void {
    clearTimeout(this.#heartbeatTimer)
    this.#heartbeatTimer = setTimeout(() => {
      if (this.#socket === socket)
        this.#ask(socket, { type: 'ping' }, this.#options.timeoutMs).catch(() => undefined)
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
    const attempt = ++this.#attempt
    this.#become('offline')
    try {
      await this.#options.session.renew(token)
    } catch {
      // As in an attempt to connect.
    }
    // Not at once: a server that refuses every token must not be asked without end.
    if (attempt === this.#attempt) this.#retryLater()
  }

  #retryLater (atLeastMs = 0): void {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#connect(), atLeastMs + this.#backoff.next())
    this.#become('offline')
  }

  #drop (error: ConfabError): void {
    for (const timer of [this.#retryTimer, this.#openTimer, this.#heartbeatTimer, this.#renewTimer]) clearTimeout(timer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    this.#requests.rejectAll(error)
  }

  #become (state: ConnectionState): void {
    if (this.#state === state) return
    this.#state = state
    this.emit('state', state)
  }
}

function refusalOf (frame: unknown): ConfabError {
  return new ConfabError(textOf(frame, 'code') ?? 'refused', textOf(frame, 'message') ?? 'The server refused.', {
    epoch: textOf(frame, 'epoch')
  })
}
