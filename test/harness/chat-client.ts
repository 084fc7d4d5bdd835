/** A client of the opt-in protocol: it puts a `ref` on what it sends and matches the answers. */
import { once } from 'node:events'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { within } from './deadline.ts'
import { isRecord } from './json.ts'
import type { Frame } from './socket.ts'

const DEADLINE_MS = 30_000

/** The socket went away before an answer came. */
export class SocketGoneError extends Error {
  override readonly name = 'SocketGoneError'
}

type Waiting = { resolve: (answer: Frame) => void, reject: (error: Error) => void, look: ((answer: Frame) => void) | undefined }

/** An authenticated socket. Frames are handed on and not kept, so that a load of any size passes. */
export class ChatClient {
  /** Resolves with the code when the socket is closed, from either side. */
  readonly closed: Promise<number>
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  #lastRef = 0
  #isGone = false
  /** Takes every frame that answers nothing. */
  onFrame: (frame: Frame) => void = () => undefined

  private constructor (socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data) && !this.#isGone) this.#take(JSON.parse(data.toString()))
    })
    // A close follows, and says enough.
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => socket.on('close', (code) => {
      this.#leave()
      resolve(code)
    }))
  }

  /** Opens a socket that is dropped with the test, and authenticates it. */
  static async open (t: Test, server: { url: string }, token: string): Promise<ChatClient> {
    const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}/ws`)
    const client = new ChatClient(socket)
    t.teardown(() => client.drop())
    await once(socket, 'open', { signal: AbortSignal.timeout(DEADLINE_MS) })
    const acknowledged = new Promise<void>((resolve) => {
      client.onFrame = (frame) => {
        if (frame['type'] === 'auth_ack') resolve()
      }
    })
    client.send({ type: 'auth', token })
    await within(acknowledged, DEADLINE_MS, 'the auth_ack')
    client.onFrame = () => undefined
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

  #take (frame: unknown): void {
    if (!isRecord(frame)) throw new Error('The server sent a frame that is no object.')
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
