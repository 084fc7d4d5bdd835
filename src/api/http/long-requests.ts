/**
 * Requests that may take longer than `REQUEST_TIMEOUT`, which Node.js knows for the server as a whole: uploads, which
 * watch over their own progress.
 */
import type { Duplex } from 'node:stream'

const allowed = new WeakSet<Duplex>()

/** Lets the present request of a connection take its time. @returns ends that */
export function allowLongRequest (socket: Duplex): () => void {
  allowed.add(socket)
  return () => allowed.delete(socket)
}

/** Whether the present request of a connection may take its time. */
export function isLongRequest (socket: Duplex): boolean {
  return allowed.has(socket)
}
