/** The client library for tests: what it is answered and sent is held against what the server says of itself. */
import { WebSocket } from 'ws'
import { type ClientOptions, ConfabClient as Client } from '../../../src/client/chatcli/index.ts'
import { checkAnswer, checkClose, checkFrame } from '../checks/described.ts'

/** A socket that looks at frames before the library does. */
class DescribedSocket extends WebSocket {
  constructor (url: string) {
    super(url)
    this.on('message', (data) => {
      if (Buffer.isBuffer(data)) checkFrame(JSON.parse(data.toString()))
    })
    this.addEventListener('close', ({ code }) => checkClose(code))
  }
}

/** Sends requests, and looks at the answers. */
const describedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  const text = await response.clone().text()
  const { url, status, headers } = response
  const isJson = /^application\/(problem\+)?json/.test(headers.get('content-type') ?? '')
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
  checkAnswer(url, init?.method ?? 'GET', { status, headers, text, body })
  return response
}

/** A server as one user sees it. */
export class ConfabClient extends Client {
  constructor (options: Omit<ClientOptions, 'WebSocket' | 'fetch'>) {
    super({ ...options, WebSocket: DescribedSocket, fetch: describedFetch })
  }
}
