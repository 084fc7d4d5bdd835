/**
 * The frames of one socket, each handled after the one before it. While one is being awaited the socket is not read, so
 * the queue of the others is bounded by what was read before.
 */
import type { WebSocketHandle } from './connection.ts'

/** A received frame: its text, or undefined for a binary one. */
export type IncomingFrame = string | undefined

/** What handles the frames. */
export type FrameHandler = {
  /** Handles a frame. A returned promise means that the next one must wait; it must not reject. */
  handle: (frame: IncomingFrame) => Promise<void> | undefined
  /** Notes that the socket is not read for now, or is again. */
  notePause: (isPaused: boolean) => void
}

/** Passes on frames in order of arrival. */
export class FrameIntake {
  readonly #webSocket: Pick<WebSocketHandle, 'pause' | 'resume'>
  readonly #handler: FrameHandler
  /** While a frame is being awaited. */
  #queue: IncomingFrame[] | undefined

  constructor (webSocket: Pick<WebSocketHandle, 'pause' | 'resume'>, handler: FrameHandler) {
    this.#webSocket = webSocket
    this.#handler = handler
  }

  /** Whether a frame is being awaited. */
  get isPaused (): boolean {
    return this.#queue !== undefined
  }

  take (frame: IncomingFrame): void {
    if (this.#queue !== undefined) this.#queue.push(frame)
    else {
      const pending = this.#handler.handle(frame)
      if (pending !== undefined) void this.waitFor(pending)
    }
  }

  /** Has the frames that arrive until then handled after something else. @param pending must not reject */
  async waitFor (pending: Promise<void>): Promise<void> {
    const queue: IncomingFrame[] = (this.#queue = [])
    this.#webSocket.pause()
    this.#handler.notePause(true)
    await pending
    while (queue.length > 0) await this.#handler.handle(queue.shift())
    this.#queue = undefined
    this.#handler.notePause(false)
    // Also when the socket is closing: the client's half of the handshake must be read.
    this.#webSocket.resume()
  }
}
