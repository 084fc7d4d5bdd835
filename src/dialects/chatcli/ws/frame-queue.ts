/**
 * The frames of one socket that wait for the one before them. Meanwhile the socket is not read, so what waits here is
 * bounded by what was read before.
 */
import type { WebSocket } from '@fastify/websocket'

/** A frame as it came in: its text, or undefined for a binary one. */
export type IncomingFrame = string | undefined

/** Shared by the many queues that are empty; never written to. */
const NONE: IncomingFrame[] = []

/** Frames in the order they came in. */
export class FrameQueue {
  #waiting = NONE
  #isBusy = false

  /** Keeps a frame if it has to wait. @returns whether it does */
  keeps (frame: IncomingFrame): boolean {
    if (this.#isBusy) this.#waiting.push(frame)
    return this.#isBusy
  }

  /**
   * Lets what comes in wait for the end of a frame, and then handles it in order.
   * @param handle returns a promise when the next frame must wait; it must not reject
   */
  async waitFor (first: Promise<void>, webSocket: WebSocket, handle: (frame: IncomingFrame) => Promise<void> | undefined): Promise<void> {
    this.#isBusy = true
    this.#waiting = []
    webSocket.pause()
    await first
    while (this.#waiting.length > 0) await handle(this.#waiting.shift())
    this.#waiting = NONE
    this.#isBusy = false
    // Also when the socket is closing: the client's half of the handshake must be read.
    webSocket.resume()
  }
}
