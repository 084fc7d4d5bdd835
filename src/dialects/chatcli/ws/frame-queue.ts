/**
 * The frames of one socket, handled one after the other. While one takes its time the socket is not read, so what waits
 * here is bounded by what was read before.
 */
import type { WebSocket } from '@fastify/websocket'

/** A frame as it came in: its text, or undefined for a binary one. */
export type IncomingFrame = string | undefined

/**
 * Hands frames over in order.
 * @param handle returns a promise when the next frame must wait; it must not reject
 * @returns what takes each frame as it comes in
 */
export function createFrameQueue (webSocket: WebSocket, handle: (frame: IncomingFrame) => Promise<void> | undefined): (frame: IncomingFrame) => void {
  const waiting: IncomingFrame[] = []
  let busy = false

  async function run (first: Promise<void>): Promise<void> {
    busy = true
    webSocket.pause()
    await first
    while (waiting.length > 0) await handle(waiting.shift())
    busy = false
    // Also when the socket is closing: the client's half of the handshake must be read.
    webSocket.resume()
  }

  return (frame) => {
    if (busy) {
      waiting.push(frame)
      return
    }
    const pending = handle(frame)
    if (pending !== undefined) void run(pending)
  }
}
