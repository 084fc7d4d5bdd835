/** The client library for tests: what it is answered and sent is held against what the server says of itself. */
import { ConfabClient as Client } from '../../../src/client/client.ts'
import type { Options } from '../../../src/client/index.ts'
import { NodeSocket } from '../../../src/client/node-socket.ts'
import type { SocketLike } from '../../../src/client/realtime.ts'
import { checkAnswer, checkClose, checkFrame } from '../checks/described.ts'

/** A socket of the library that looks at frames before the library does. */
class DescribedSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  readonly #socket: NodeSocket

  constructor (url: string) {
    const socket = new NodeSocket(url)
    socket.onopen = () => this.onopen?.()
    socket.onerror = () => this.onerror?.()
    socket.onmessage = (event) => {
      checkFrame(JSON.parse(String(event.data)))
      this.onmessage?.(event)
    }
    socket.onclose = (event) => {
      checkClose(event.code)
      this.onclose?.(event)
    }
    this.#socket = socket
  }

  send (data: string): void {
    this.#socket.send(data)
  }

  close (code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }
}

/** Sends requests, and looks at the answers. */
const describedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  const text = await response.clone().text()
  const { url, status, headers } = response
  const isJson = headers.get('content-type')?.startsWith('application/json') === true
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
  checkAnswer(url, init?.method ?? 'GET', { status, headers, text, body })
  return response
}

/** A server as one user sees it. */
export class ConfabClient extends Client {
  constructor (options: Options) {
    super({ ...options, socket: DescribedSocket, fetch: describedFetch })
  }
}
