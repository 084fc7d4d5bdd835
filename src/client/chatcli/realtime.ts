/** The socket: opened, authenticated, kept alive, and reopened whenever it is lost, until it is stopped. */
import { Backoff, type BackoffBounds } from '../backoff.ts'
import { Emitter } from '../emitter.ts'
import { ConfabError } from './errors.ts'
import { integerOf, parseJson, textOf } from '../json.ts'
import { PendingRequests } from './pending-requests.ts'
import type { Session } from './session.ts'
import type { ConnectionState, SocketConstructor, SocketLike } from '../socket.ts'
import type { WakeUp } from '../wake-up.ts'

/** The session is refused: another token may be accepted. */
const REFUSED = 1008
/** The server asks the client to wait. */
const TRY_AGAIN_LATER = 1013
const TRY_AGAIN_LATER_MS = 1_000
/** Sent by the client when it gives up a socket. */
const GIVEN_UP = 4000
/** Time limit of an answer after the page or the machine was suspended, in milliseconds. */
const WAKE_UP_TIMEOUT_MS = 2_000
/** Longest timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Events of the connection. */
export type RealtimeEvents = {
  state: ConnectionState
  /** A frame that answers no request. */
  frame: unknown
}

/** Dependencies of the connection; times in milliseconds. */
export type RealtimeOptions = {
  url: string
  session: Session
  socket: SocketConstructor
  backoff: BackoffBounds
  /** Time limit of an answer. */
  timeoutMs: number
  /** After this time without a frame the server is probed. */
  heartbeatMs: number
  /** Called each time a socket was closed before it was open. */
  onUnopened: () => void
}

/** A connection that reconnects. The event of a state change is emitted last, as a listener may stop the connection. */
export class Realtime extends Emitter<RealtimeEvents> {
  readonly #options: RealtimeOptions
  readonly #backoff: Backoff
  readonly #requests = new PendingRequests()
  #socket: SocketLike | undefined
  #state: ConnectionState = 'closed'
  /** Counts the attempts to connect: an older one that is still waiting must do nothing more. */
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

  /** Starts to connect, unless it has started already. */
  start (): void {
    if (this.#state !== 'closed') return
    this.#backoff.reset()
    void this.#connect()
  }

  /** Tries at once instead of after the current delay. */
  reconnectNow (): void {
    if (this.#state !== 'offline') return
    clearTimeout(this.#retryTimer)
    void this.#connect()
  }

  /** Checks whether the connection has survived a suspension; one that certainly has not is replaced at once. */
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

  /** Stops it. Pending requests fail with the error. */
  stop (error: ConfabError): void {
    this.#attempt++
    this.#drop(error)
    this.#become('closed')
  }

  /**
   * Sends an action with a `ref`.
   * @returns the server's `ack`
   * @throws {ConfabError} the server's refusal, `unreachable` when the socket is or gets lost, `timeout`
   */
  request (action: object): Promise<unknown> {
    const socket = this.#socket
    if (socket === undefined || this.#state !== 'online')
      return Promise.reject(new ConfabError('unreachable', 'The server is not connected.'))
    return this.#ask(socket, action, this.#options.timeoutMs)
  }

  /** Sends an action that is not answered, if there is a connection. */
  send (action: object): void {
    if (this.#state === 'online') this.#socket?.send(JSON.stringify(action))
  }

  #ask (socket: SocketLike, action: object, timeoutMs: number): Promise<unknown> {
    return this.#requests.add({
      timeoutMs,
      send: (ref) => socket.send(JSON.stringify({ ...action, ref })),
      onLate: () => {
        // A socket that does not deliver answers is useless.
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
      // The end of a session stops this connection; any other failure may be temporary.
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
    // A close event follows and is handled.
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

  /** Authenticates with a newer token before the server closes the socket because of the old one. */
  #renewInTime (socket: SocketLike): void {
    const { session } = this.#options
    clearTimeout(this.#renewTimer)
    this.#renewTimer = setTimeout(
      () => {
        session.accessToken().then(
          (token) => {
            if (this.#socket === socket) socket.send(JSON.stringify({ type: 'auth', token }))
          },
          // The server closes the socket when its token expires, and then the client reconnects.
          () => undefined
        )
      },
      Math.min(Math.max(session.renewInMs, 0), LONGEST_TIMER_MS)
    )
  }

  /** A connection that died without a close is detected by sending a request, whatever the answer. */
  #listen (socket: SocketLike): void {
    clearTimeout(this.#heartbeatTimer)
    this.#heartbeatTimer = setTimeout(() => {
      if (this.#socket === socket)
        this.#ask(socket, { type: 'ping' }, this.#options.timeoutMs).catch(() => undefined)
    }, this.#options.heartbeatMs)
  }

  /** @param token the token with which the socket was opened */
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
      // As for an attempt to connect.
    }
    // Not at once: a server that refuses every token must not be called in a loop.
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
