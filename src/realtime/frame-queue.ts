/**
 * The frames of one socket that wait for the one before them. Meanwhile the socket is not read, so what waits here is
 * bounded by what was read before.
 */

/** A frame as it came in: its text, or undefined for a binary one. */
export type IncomingFrame = string | undefined

/** Frames in the order they came in. */
export class FrameQueue {
  readonly #waiting: IncomingFrame[] = []

  add (frame: IncomingFrame): void {
    this.#waiting.push(frame)
  }

  /**
   * Handles one after the other, and what is added meanwhile, until there are none.
   * @param handle returns a promise when the next frame must wait; it must not reject
   */
  async empty (handle: (frame: IncomingFrame) => Promise<void> | undefined): Promise<void> {
    while (this.#waiting.length > 0) await handle(this.#waiting.shift())
  }
}
