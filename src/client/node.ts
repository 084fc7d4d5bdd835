/** `confab/client` in Node, whose older releases have no WebSocket of their own. */
import { ConfabClient as Client } from './client.ts'
import type { Options } from './index.ts'
import { NodeSocket } from './node-socket.ts'

// All but the client itself, which is made with the sockets below.
export * from './index.ts'

/** A server as one user sees it. */
export class ConfabClient extends Client {
  constructor (options: Options) {
    super({ ...options, socket: NodeSocket })
  }
}
