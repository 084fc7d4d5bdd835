/** The socket: opened, greeted, kept alive, and reopened whenever it is lost, until it is stopped. */
import { Backoff, type BackoffBounds } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { parseJson } from './json.ts'
import { Pauses } from './pauses.ts'
import { ConfabProblem, problemOf } from './problem.ts'
import type { ConnectionState, SocketConstructor, SocketLike } from './socket.ts'
import type { Tokens } from './tokens.ts'
import { type FrameOf, type ServerFrame, withFields } from './types.ts'
import type { WakeUp } from './wake-up.ts'

/** The token is refused: another one may be accepted. */
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

const isFrame = withFields<ServerFrame>('type')

/** The answer to a command. */
export type Ack = FrameOf<'ack'>
type Welcome = FrameOf<'welcome'>

/** Events of the connection. `welcome` comes before the state `online`. */
export type ConnectionEvents = {
  state: ConnectionState
  welcome: Welcome
  frame: ServerFrame
  /** Why there is no connection, or what no command was the reason of. */
  problem: ConfabProblem
}

/** Dependencies of the connection; times in milliseconds. */
export type ConnectionOptions = {
  url: string
  tokens: Tokens
  WebSocket: () => SocketConstructor
  backoff: BackoffBounds
  /** Time limit of an answer. */
  timeoutMs: number
  /** After this time without a frame the server is probed. */
  heartbeatMs: number
  /** What the `hello` has beside the token. */
  hello: () => object
}

type Waiting = { resolve: (ack: Ack) => void, reject: (problem: ConfabProblem) => void, timer: Timer }
type Timer = ReturnType<typeof setTimeout>

/** A connection that reconnects. */
export class Connection extends Emitter<ConnectionEvents> {
  /** Waits of this connection: each change of its state ends them. */
  readonly pauses = new Pauses()
  readonly #options: ConnectionOptions
  readonly #backoff: Backoff
  readonly #waiting = new Map<number, Waiting>()
  readonly #timers: { retry?: Timer, open?: Timer, probe?: Timer, renew?: Timer } = {}
  #socket: SocketLike | undefined
  #state: ConnectionState = 'closed'
  /** Counts the attempts to connect: an older one that is still waiting must do nothing more. */
  #attempt = 0
  #lastRef = 0
  /** How long the server wants the client to stay away. */
  #pauseMs = 0

  constructor (options: ConnectionOptions) {
    super()
    this.#options = options
    this.#backoff = new Backoff(options.backoff)
  }

  get state (): ConnectionState {
    return this.#state
  }

  /** Starts to connect, unless it has started already. @throws {ConfabProblem} `no_websocket` */
  start (): void {
    if (this.#state !== 'closed') return
    this.#options.WebSocket()
    this.#backoff.reset()
    void this.#connect()
  }

  /** Stops it: commands without an answer fail. */
  stop (): void {
    this.#attempt++
    this.#drop(new ConfabProblem('closed', 'The client is closed.'))
    this.#become('closed')
  }

  /** Tries at once instead of after the current delay. */
  reconnectNow (): void {
    if (this.#state === 'offline') void this.#connect()
  }

  /** Checks whether the connection has survived a suspension; one that certainly has not is replaced at once. */
  wakeUp ({ isFrozen }: WakeUp): void {
    if (this.#socket !== undefined && isFrozen) this.#lose(this.#socket, GIVEN_UP)
    else if (this.#state === 'online') this.#probe(WAKE_UP_TIMEOUT_MS)
    this.reconnectNow()
  }

  /** Sends a frame that nothing answers, if there is a connection. */
  post (frame: object): void {
    if (this.#state === 'online') this.#socket?.send(JSON.stringify(frame))
  }

  /**
   * Sends a command. @returns the server's `ack`
   * @throws {ConfabProblem} the server's, `unreachable` when the connection is or gets lost, `timeout`
   */
  request (command: object, timeoutMs = this.#options.timeoutMs): Promise<Ack> {
    const socket = this.#socket
    if (socket === undefined || this.#state !== 'online')
      return Promise.reject(new ConfabProblem('unreachable', 'No connection.', { retryable: true }))
    const ref = ++this.#lastRef
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref)
        reject(new ConfabProblem('timeout', 'No answer in time.', { retryable: true }))
        // A socket that does not deliver answers is useless.
        this.#lose(socket, GIVEN_UP)
      }, timeoutMs)
      this.#waiting.set(ref, { resolve, reject, timer })
      socket.send(JSON.stringify({ ...command, ref }))
    })
  }

  async #connect (): Promise<void> {
    clearTimeout(this.#timers.retry)
    const attempt = ++this.#attempt
    this.#become('connecting')
    const { tokens, url, WebSocket, timeoutMs } = this.#options
    try {
      const token = await tokens.get()
      if (attempt === this.#attempt) this.#open(new (WebSocket())(`${url.replace(/^http/, 'ws')}/v1/realtime`), token)
    } catch (error) {
      // No token, or an address that a page may not open: both may be temporary.
      if (attempt !== this.#attempt) return
      this.emit('problem', problemOf(error))
      this.#retryLater()
      return
    }
    const socket = this.#socket
    if (attempt === this.#attempt && socket !== undefined)
      this.#timers.open = setTimeout(() => this.#lose(socket, GIVEN_UP), timeoutMs)
  }

  #open (socket: SocketLike, token: string): void {
    this.#socket = socket
    socket.addEventListener('open', () => {
      if (this.#socket === socket)
        socket.send(JSON.stringify({ type: 'hello', token, ...this.#options.hello() }))
    })
    socket.addEventListener('message', ({ data }) => {
      const frame = typeof data === 'string' ? parseJson(data) : undefined
      if (this.#socket === socket && isFrame(frame)) this.#take(frame)
    })
    // A close event follows and is handled.
    socket.addEventListener('error', () => undefined)
    socket.addEventListener('close', ({ code }) => {
      if (code === REFUSED) this.#options.tokens.refuse(token)
      this.#lose(socket, code)
    })
  }

  #take (frame: ServerFrame): void {
    clearTimeout(this.#timers.probe)
    this.#timers.probe = setTimeout(() => this.#probe(this.#options.timeoutMs), this.#options.heartbeatMs)
    if (frame.type === 'welcome') {
      clearTimeout(this.#timers.open)
      this.#backoff.reset()
      this.#renewInTime()
      this.emit('welcome', frame)
      this.#become('online')
      return
    }
    if (frame.type === 'drain') this.#pauseMs = frame.reconnect_in_ms
    if (frame.type === 'ack' || (frame.type === 'problem' && frame.chat === undefined)) this.#settle(frame)
    this.emit('frame', frame)
  }

  #settle (frame: FrameOf<'ack' | 'problem'>): void {
    const ref = Number(frame.ref)
    const waiting = this.#waiting.get(ref)
    this.#waiting.delete(ref)
    clearTimeout(waiting?.timer)
    if (frame.type === 'ack') {
      waiting?.resolve(frame)
      return
    }
    const problem = new ConfabProblem(frame.code, frame.detail, { retryable: frame.retryable })
    if (frame.ref === undefined) this.emit('problem', problem)
    else waiting?.reject(problem)
  }

  /** A connection that died without a close is found by a frame that the server answers, one way or the other. */
  #probe (timeoutMs: number): void {
    this.request({ type: 'ping' }, timeoutMs).catch(() => undefined)
  }

  /** Sends a newer token before the server closes the socket because of the old one. */
  #renewInTime (): void {
    const { tokens } = this.#options
    clearTimeout(this.#timers.renew)
    this.#timers.renew = setTimeout(() => {
      // Without one the server closes the socket when the token ends, and the client reconnects.
      const renewal = tokens.get().then((token) => this.request({ type: 'token', token }))
      renewal.then(() => this.#renewInTime(), () => undefined)
    }, Math.min(Math.max(tokens.renewInMs, this.#options.backoff.baseMs), LONGEST_TIMER_MS))
  }

  #lose (socket: SocketLike, code: number): void {
    if (this.#socket !== socket) return
    this.#drop(new ConfabProblem('unreachable', 'No connection.', { retryable: true }))
    this.#retryLater(code === TRY_AGAIN_LATER ? TRY_AGAIN_LATER_MS : 0)
  }

  #retryLater (atLeastMs = 0): void {
    const delayMs = this.#pauseMs > 0 ? this.#pauseMs : atLeastMs + this.#backoff.next()
    this.#pauseMs = 0
    clearTimeout(this.#timers.retry)
    this.#timers.retry = setTimeout(() => void this.#connect(), delayMs)
    this.#become('offline')
  }

  #drop (problem: ConfabProblem): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject, timer } of waiting) {
      clearTimeout(timer)
      reject(problem)
    }
  }

  #become (state: ConnectionState): void {
    if (this.#state === state) return
    this.#state = state
    this.pauses.end()
    this.emit('state', state)
  }
}
