/** A WebSocket client on a bare TCP socket, which can stop reading as no library lets it. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { within } from '../deadline.ts'
import { checkFrame } from '../checks/described.ts'
import { isRecord } from '../data/json.ts'
import type { Scope } from '../scope.ts'
import type { Frame } from './socket.ts'

const DEADLINE_MS = 60_000
const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10
const HEAD_END = '\r\n\r\n'

/** An upgraded socket. */
export class RawClient {
  /** Every text frame that was read, as JSON. */
  readonly frames: Frame[] = []
  /** Resolves with the code of the server's close frame, or undefined when the connection ended without one. */
  readonly closed: Promise<number | undefined>
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>
  /** The answer to the upgrade. */
  head = ''
  readonly #socket: Socket
  #unread = Buffer.alloc(0)
  #pauseMs = 0
  #wake: () => void = () => undefined

  constructor (socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => {
      socket.on('data', (bytes) => {
        this.#unread = Buffer.concat([this.#unread, bytes])
        if (this.#pauseMs > 0) {
          socket.pause()
          setTimeout(() => socket.resume(), this.#pauseMs)
        }
        const code = this.#read()
        this.#wake()
        if (code !== undefined) resolve(code)
      })
      socket.on('close', () => resolve(undefined))
    })
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => undefined)
  }

  get localPort (): number {
    return this.#socket.localPort ?? 0
  }

  /** Sends an object as JSON. */
  send (frame: object): void {
    const payload = Buffer.from(JSON.stringify(frame))
    const header = Buffer.from([0x80 | TEXT, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
    this.#socket.write(Buffer.concat([header, payload]))
  }

  /** Reads on until this holds. */
  async until (isReady: () => boolean, what: string): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (isReady()) resolve()
      }
      this.#wake()
    })
    await within(ready, DEADLINE_MS, what)
  }

  /** Sends a close frame with any code. */
  close (code: number): void {
    this.#socket.write(Buffer.from([0x80 | CLOSE, 0x80 | 2, 0, 0, 0, 0, code >> 8, code & 0xff]))
  }

  /** Cuts the connection. */
  drop (): void {
    this.#socket.destroy()
  }

  /** Takes nothing off the connection from here on. */
  stopReading (): void {
    this.#socket.pause()
  }

  /** Takes one chunk off the connection, of 64 KiB at the most, in so many milliseconds. */
  readSlowly (pauseMs: number): void {
    this.#pauseMs = pauseMs
  }

  /** Takes everything off the connection again. */
  startReading (): void {
    this.#socket.resume()
  }

  /** Reads what is complete. @returns the code of a close frame */
  #read (): number | undefined {
    if (this.head === '') {
      const end = this.#unread.indexOf(HEAD_END)
      if (end < 0) return undefined
      this.head = this.#unread.toString('latin1', 0, end)
      this.#unread = this.#unread.subarray(end + HEAD_END.length)
    }
    for (let frame = takeFrame(this.#unread); frame !== undefined; frame = takeFrame(this.#unread)) {
      this.#unread = this.#unread.subarray(frame.end)
      if (frame.opcode === CLOSE) return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE()
      if (frame.opcode === PING) this.#socket.write(Buffer.from([0x80 | PONG, 0x80, 0, 0, 0, 0]))
      if (frame.opcode !== TEXT) continue
      const value: unknown = JSON.parse(frame.payload.toString())
      checkFrame(value)
      if (isRecord(value)) this.frames.push(value)
    }
    return undefined
  }
}

function takeFrame (bytes: Buffer): { opcode: number, payload: Buffer, end: number } | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  const headerLength = second < 126 ? 2 : second === 126 ? 4 : 10
  if (bytes.length < headerLength) return undefined
  const length = second < 126 ? second : second === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  const end = headerLength + length
  return bytes.length < end ? undefined : { opcode: first & 0x0f, payload: bytes.subarray(headerLength, end), end }
}

/** Opens a socket that has yet to authenticate; it is dropped with the test. */
export async function openRaw (
  t: Scope,
  server: { url: string },
  headers: readonly string[] = []
): Promise<RawClient> {
  const socket = await connectTo(t, server)
  const client = new RawClient(socket)
  socket.write(upgradeRequest(server, 'GET /ws', headers))
  await client.until(() => client.head !== '', 'the upgrade')
  return client
}

/** Opens a socket and authenticates it; it is dropped with the test. */
export async function connectRaw (t: Scope, server: { url: string }, token: string): Promise<RawClient> {
  const client = await openRaw(t, server)
  client.send({ type: 'auth', token })
  await client.until(() => client.frames.some((frame) => frame['type'] === 'auth_ack'), 'the auth_ack')
  return client
}

/**
 * Asks for an upgrade, and reads until the server ends the connection.
 * @param target method and URL
 * @returns all that came
 */
export async function upgradeToEnd (t: Scope, server: { url: string }, target: string): Promise<string> {
  const socket = await connectTo(t, server)
  let answer = ''
  socket.setEncoding('latin1').on('data', (text) => {
    answer += String(text)
  })
  const ended = once(socket, 'close')
  socket.write(upgradeRequest(server, target))
  await within(ended, DEADLINE_MS, `the end of an upgrade by ${target}`)
  return answer
}

async function connectTo (t: Scope, server: { url: string }): Promise<Socket> {
  const { hostname, port } = new URL(server.url)
  const socket = connect({ host: hostname, port: Number(port) })
  t.teardown(() => socket.destroy())
  await within(once(socket, 'connect'), DEADLINE_MS, 'a connection')
  return socket
}

function upgradeRequest (server: { url: string }, target: string, headers: readonly string[] = []): string {
  return [
    `${target} HTTP/1.1`,
    `Host: ${new URL(server.url).host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...headers,
    HEAD_END.slice(2)
  ].join('\r\n')
}
