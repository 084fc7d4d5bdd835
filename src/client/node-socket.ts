/** Sockets for Node, whose older releases have none of their own. */
import { WebSocket } from 'ws'
import type { SocketLike } from './realtime.ts'

/** The sockets of `ws`, in the form of a browser's. */
export class NodeSocket implements SocketLike {
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
