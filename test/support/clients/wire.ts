/** A WebSocket whose server side is written to as raw bytes, and whose client side is `ws`. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { within } from '../deadline.ts'

const DEADLINE_MS = 20_000

/** Both ends of a socket. */
export type Wire = {
  readonly client: WebSocket
  readonly server: WebSocket
  /** The TCP socket under the server's side. */
  readonly socket: Socket
  /** Writes bytes under the server's side. */
  write: (bytes: Buffer) => void
  /** The next text that the client reads. */
  next: () => Promise<string>
}

/** Connects two ends that go with the test. */
export async function openWire (t: Test): Promise<Wire> {
  const listener = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => listener.close())
  await once(listener, 'listening')
  const address = listener.address()
  const accepted = new Promise<{ server: WebSocket, socket: Socket }>((resolve) => {
    listener.once('connection', (server, request) => resolve({ server, socket: request.socket }))
  })
  const client = new WebSocket(
    `ws://127.0.0.1:${typeof address === 'object' && address !== null ? String(address.port) : ''}`
  )
  t.teardown(() => client.terminate())
  const texts: string[] = []
  let wake: () => void = () => undefined
  client.on('message', (data, isBinary) => {
    texts.push(!isBinary && Buffer.isBuffer(data) ? data.toString() : 'something else than a text')
    wake()
  })
  const [{ server, socket }] = await within(Promise.all([accepted, once(client, 'open')]), DEADLINE_MS, 'a socket')
  return {
    client,
    server,
    socket,
    write: (bytes) => {
      socket.write(bytes)
    },
    async next () {
      if (texts.length === 0)
        await within(
          new Promise<void>((resolve) => {
            wake = resolve
          }),
          DEADLINE_MS,
          'a text'
        )
      return texts.shift() ?? ''
    }
  }
}
