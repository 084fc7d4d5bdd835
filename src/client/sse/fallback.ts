/** A WebSocket where one can be had, and a stream of events where not. */
import type { SocketConstructor, SocketLike } from '../socket.ts'
import { EventStreamSocket } from './event-stream-socket.ts'

// Missing in Node.js before 22.
declare const WebSocket: SocketConstructor | undefined

/**
 * Makes what {@link ClientOptions.WebSocket} takes. Whenever a WebSocket does not open, the next attempt to connect is
 * made by {@link EventStreamSocket}; when that ends, a WebSocket is tried again.
 * @param socket by default that of the platform; where there is none, the stream is all there is
 * @returns a constructor
 */
export function orEventStream (
  socket: SocketConstructor | undefined = typeof WebSocket === 'function' ? WebSocket : undefined
): SocketConstructor {
  let isBlocked = false
  return class {
    declare send: SocketLike['send']
    declare close: SocketLike['close']
    declare addEventListener: SocketLike['addEventListener']

    constructor (url: string) {
      if (socket === undefined || isBlocked) {
        isBlocked = false
        return new EventStreamSocket(url)
      }
      isBlocked = true
      const opened = new socket(url)
      opened.addEventListener('open', () => {
        isBlocked = false
      })
      return opened
    }
  }
}
