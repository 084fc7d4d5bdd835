/**
 * The frames of one socket that wait for the one before them. Meanwhile the socket is not read, so the queue is bounded
 * by what was read before.
 */

/** A received frame: its text, or undefined for a binary one. */
export type IncomingFrame = string | undefined

/** Frames in order of arrival. */
export class FrameQueue {
  readonly #waiting: IncomingFrame[] = []

  add (frame: IncomingFrame): void {
    this.#waiting.push(frame)
  }

  /**
   * Handles frames one after the other, including those added in the meantime, until there are none.
   * @param handle returns a promise when the next frame must wait; it must not reject
   */
  async empty (handle: (frame: IncomingFrame) => Promise<void> | undefined): Promise<void> {
    while (this.#waiting.length > 0) await handle(this.#waiting.shift())
  }
}
