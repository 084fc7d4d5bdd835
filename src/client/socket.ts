/** The part of a WebSocket that the client uses. */

/** A socket: that of browsers, Node.js 22 and later, Deno, Bun, or that of the package `ws`. */
export type SocketLike = {
  send (data: string): void
  close (code?: number, reason?: string): void
  addEventListener (type: 'open' | 'error', listener: () => void): void
  addEventListener (type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener (type: 'close', listener: (event: { code: number }) => void): void
}

/** Opens a socket. */
export type SocketConstructor = new (url: string) => SocketLike

/** State of the connection: `offline` is between two attempts, `closed` is final. */
export type ConnectionState = 'connecting' | 'online' | 'offline' | 'closed'
