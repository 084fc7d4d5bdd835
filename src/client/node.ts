/** `confab/client` in Node, whose older releases have no WebSocket of their own. */
import { WebSocket } from 'ws'
import { ConfabClient as Client } from './client.ts'
import type { Options } from './index.ts'
import type { SocketLike } from './realtime.ts'

export type { Acknowledgement, PostOptions } from './outbox.ts'
export type { Chat, ChatEvents } from './chat.ts'
export type { ChatSummary, ClientEvents, HistoryRange } from './client.ts'
export type { ConnectionState } from './realtime.ts'
export type { Options } from './index.ts'
export { ConfabError } from './errors.ts'
export type { Message } from './message.ts'
export type { Tokens } from './session.ts'

/** The sockets of `ws`, in the form of a browser's. */
class NodeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  readonly #socket: WebSocket

  constructor (url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.on('open', () => this.onopen?.())
    this.#socket.on('message', (data) => this.onmessage?.({ data: Buffer.isBuffer(data) ? data.toString() : data }))
    this.#socket.on('close', (code) => this.onclose?.({ code }))
    this.#socket.on('error', () => this.onerror?.())
  }

  send (data: string): void {
    this.#socket.send(data)
  }

  close (code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }
}

/** A server as one user sees it. */
export class ConfabClient extends Client {
  constructor (options: Options) {
    super({ ...options, socket: NodeSocket })
  }
}
