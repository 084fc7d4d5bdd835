/** A client of the opt-in protocol: it puts a `ref` on what it sends and matches the answers. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { within } from '../deadline.ts'
import { checkFrame } from '../checks/described.ts'
import { isRecord } from '../data/json.ts'
import type { Scope } from '../scope.ts'
import type { Frame } from './socket.ts'

const DEADLINE_MS = 30_000
/** Pings in the time after which a silent server is taken for gone. */
const PINGS_PER_SILENCE = 4

/** The socket went away before an answer came. */
export class SocketGoneError extends Error {
  override readonly name = 'SocketGoneError'
}

/** How a socket is opened. */
export type OpenOptions = {
  /** How long opening it may take, in milliseconds. */
  deadlineMs?: number
  /**
   * The socket is dropped when nothing has come for so many milliseconds, not even the answer to a ping. Never by
   * default.
   */
  silenceMs?: number
  /** Which socket; that of ChatCLI by default. */
  face?: SocketFace
  /** What the first frame says beside the token. */
  greeting?: object
}

/** Where the sockets of a face are, and how they are authenticated. */
export type SocketFace = { readonly path: string, readonly hello: string, readonly welcome: string }

/** The sockets of ChatCLI. */
export const CHATCLI: SocketFace = { path: '/ws', hello: 'auth', welcome: 'auth_ack' }
/** The sockets of `/v1/realtime`. */
export const V1_FACE: SocketFace = { path: '/v1/realtime', hello: 'hello', welcome: 'welcome' }

type Waiting = {
  resolve: (answer: Frame) => void
  reject: (error: Error) => void
  look: ((answer: Frame) => void) | undefined
}

/** An authenticated socket. Frames are handed on and not kept, so that a load of any size passes. */
export class ChatClient {
  /** Resolves with the code when the socket is closed, from either side. */
  readonly closed: Promise<number>
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  #lastRef = 0
  /** What came before the socket was authenticated, and the frame that says that it is. */
  readonly welcome: Frame[] = []
  #isGone = false
  #heardAt = Date.now()
  /** Takes every frame that answers nothing. */
  onFrame: (frame: Frame) => void = () => undefined

  private constructor (socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      this.#heardAt = Date.now()
      if (Buffer.isBuffer(data) && !this.#isGone) this.#take(JSON.parse(data.toString()))
    })
    socket.on('pong', () => {
      this.#heardAt = Date.now()
    })
    // A close follows, and says enough.
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) =>
      socket.on('close', (code) => {
        this.#leave()
        resolve(code)
      })
    )
  }

  /**
   * Opens a socket that is dropped with the test, and authenticates it. @throws {SocketGoneError} when it is closed
   * instead
   */
  static async open (
    t: Scope,
    server: { url: string },
    token: string,
    { deadlineMs = DEADLINE_MS, silenceMs, face = CHATCLI, greeting = {} }: OpenOptions = {}
  ): Promise<ChatClient> {
    const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}${face.path}`)
    const client = new ChatClient(socket)
    t.teardown(() => client.drop())
    await once(socket, 'open', { signal: AbortSignal.timeout(deadlineMs) })
    const acknowledged = new Promise<void>((resolve, reject) => {
      client.onFrame = (frame) => {
        client.welcome.push(frame)
        if (frame['type'] === face.welcome) resolve()
      }
      void client.closed.then((code) =>
        reject(new SocketGoneError(`The socket was closed with ${String(code)} before the ${face.welcome}.`))
      )
    })
    client.send({ type: face.hello, token, ...greeting })
    await within(acknowledged, deadlineMs, `the ${face.welcome}`)
    client.onFrame = () => undefined
    if (silenceMs !== undefined) client.#watch(silenceMs)
    return client
  }

  /** Whether frames still come and go. */
  get isOpen (): boolean {
    return !this.#isGone
  }

  /** Sends a frame as it is. */
  send (frame: object): void {
    this.#socket.send(JSON.stringify(frame))
  }

  /**
   * Sends an action with a `ref`.
   * @param look called with the answer before any later frame is looked at
   * @returns the acknowledgement or the error with that `ref`
   * @throws {SocketGoneError} when there can be no answer any more
   */
  async request (action: object, look?: (answer: Frame) => void): Promise<Frame> {
    const ref = ++this.#lastRef
    const answer = new Promise<Frame>((resolve, reject) => {
      if (this.#isGone) reject(new SocketGoneError('The socket is gone.'))
      else this.#waiting.set(ref, { resolve, reject, look })
    })
    if (!this.#isGone) this.send({ ...action, ref })
    return within(answer, DEADLINE_MS, `an answer to ${JSON.stringify(action).slice(0, 100)}`)
  }

  /** Cuts the connection; nothing of it is looked at any more. */
  drop (): void {
    this.#leave()
    this.#socket.terminate()
  }

  #watch (silenceMs: number): void {
    const timer = setInterval(() => {
      if (Date.now() - this.#heardAt > silenceMs) this.drop()
      else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping()
    }, silenceMs / PINGS_PER_SILENCE)
    void this.closed.then(() => clearInterval(timer))
  }

  #take (frame: unknown): void {
    if (!isRecord(frame)) throw new Error('The server sent a frame that is no object.')
    checkFrame(frame)
    const waiting = typeof frame['ref'] === 'number' ? this.#waiting.get(frame['ref']) : undefined
    if (waiting === undefined) {
      this.onFrame(frame)
      return
    }
    this.#waiting.delete(Number(frame['ref']))
    waiting.look?.(frame)
    waiting.resolve(frame)
  }

  #leave (): void {
    this.#isGone = true
    for (const { reject } of this.#waiting.values()) reject(new SocketGoneError('The socket is gone.'))
    this.#waiting.clear()
  }
}
