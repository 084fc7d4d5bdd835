/** A client on a WebSocket that remembers every frame it got. */
import { once } from 'node:events'
import type { Test } from 'tap'
import { WebSocket, type RawData } from 'ws'
import { noteConfidential } from '../checks/confidential.ts'
import { checkClose, checkFrame } from '../checks/described.ts'
import { uniqueName } from './http.ts'
import { isRecord } from '../data/json.ts'

const DEADLINE_MS = 10_000

/** One frame from the server. */
export type Frame = Readonly<Record<string, unknown>>

/** A socket; frames are read in the order they came, each once. */
export class SocketClient {
  /** Every frame since the socket was opened. */
  readonly frames: Frame[] = []
  readonly #socket: WebSocket
  readonly #watchers = new Set<() => void>()
  #read = 0
  #closeCode: number | undefined

  constructor (socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data, isBinary) => {
      this.frames.push(decode(data, isBinary))
      this.#wake()
    })
    socket.on('close', (code) => {
      this.#closeCode = code
      this.#wake()
      checkClose(code)
    })
    // A close follows, and says enough.
    socket.on('error', () => undefined)
  }

  /** Sends an object as JSON. */
  send (frame: object): void {
    noteConfidential(frame)
    this.sendRaw(JSON.stringify(frame))
  }

  /** Sends a text frame from a string, a binary one from bytes. */
  sendRaw (data: string | Uint8Array): void {
    this.#socket.send(data)
  }

  /** Sends a text frame with these bytes, UTF-8 or not. */
  sendText (bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: false })
  }

  /** Reads up to the first frame that fits, by default the next one, waiting for it if need be. */
  async next (fits: (frame: Frame) => boolean = () => true, deadlineMs = DEADLINE_MS): Promise<Frame> {
    return this.#when('a frame', deadlineMs, () => {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read++]
        if (frame !== undefined && fits(frame)) return frame
      }
      if (this.#closeCode !== undefined)
        throw new Error(`The socket was closed with ${String(this.#closeCode)} while a frame was awaited.`)
      return undefined
    })
  }

  /** Reads that many frames. */
  async take (count: number, deadlineMs = DEADLINE_MS): Promise<Frame[]> {
    const frames: Frame[] = []
    while (frames.length < count) frames.push(await this.next(undefined, deadlineMs))
    return frames
  }

  /** The frames that are here and were not read. */
  unread (): Frame[] {
    const frames = this.frames.slice(this.#read)
    this.#read = this.frames.length
    return frames
  }

  /**
   * Proves absence: has the server answer something that it can only answer after all that was sent before.
   * @returns the frames that came before that answer and were not read
   */
  async barrier (): Promise<Frame[]> {
    const type = uniqueName('barrier-')
    this.send({ type })
    const start = this.#read
    await this.next(({ message, detail = message }) => detail === `Unknown action: ${type}`)
    return this.frames.slice(start, this.#read - 1)
  }

  /** Waits until the socket is closed. @returns the code */
  async closed (deadlineMs = DEADLINE_MS): Promise<number> {
    return this.#when('the close', deadlineMs, () => this.#closeCode)
  }

  /** Closes the socket the way a client does, and waits for it. */
  async close (): Promise<void> {
    this.#socket.close()
    await this.closed()
  }

  /** Drops the connection. */
  terminate (): void {
    this.#socket.terminate()
  }

  #wake (): void {
    for (const watcher of this.#watchers) watcher()
  }

  #when<Value>(what: string, deadlineMs: number, probe: () => Value | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const finish = (conclude: () => void) => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        conclude()
      }
      const timer = setTimeout(
        () =>
          finish(() =>
            reject(
              new Error(
                `Waited ${String(deadlineMs)} ms in vain for ${what}; the last frames were ` +
                JSON.stringify(this.frames.slice(-3))
              )
            )
          ),
        deadlineMs
      )
      const look = () => {
        try {
          const value = probe()
          if (value !== undefined) finish(() => resolve(value))
        } catch (error) {
          finish(() => reject(error instanceof Error ? error : new Error(String(error))))
        }
      }
      this.#watchers.add(look)
      look()
    })
  }
}

function decode (data: RawData, isBinary: boolean): Frame {
  const text = Buffer.isBuffer(data)
    ? data.toString()
    : Array.isArray(data)
      ? Buffer.concat(data).toString()
      : Buffer.from(data).toString()
  if (isBinary) throw new Error(`The server sent a binary frame: ${text}`)
  const frame: unknown = JSON.parse(text)
  if (!isRecord(frame)) throw new Error(`The server sent a frame that is no object: ${text}`)
  checkFrame(frame)
  return frame
}

/** Opens a socket that is not authenticated yet, unless its headers do that; it is dropped with the test. */
export async function openSocket (
  t: Test,
  server: { url: string },
  path = '/ws',
  headers: Record<string, string> = {}
): Promise<SocketClient> {
  const socket = new WebSocket(server.url.replace(/^http/, 'ws') + path, { headers })
  t.teardown(() => socket.terminate())
  const client = new SocketClient(socket)
  await once(socket, 'open', { signal: AbortSignal.timeout(DEADLINE_MS) })
  return client
}

/** Opens a socket and authenticates it. */
export async function connect (t: Test, server: { url: string }, token: string): Promise<SocketClient> {
  const client = await openSocket(t, server)
  client.send({ type: 'auth', token })
  const ack = await client.next()
  if (ack['type'] !== 'auth_ack' || ack['status'] !== 'ok')
    throw new Error(`The server answered the auth frame with ${JSON.stringify(ack)}`)
  return client
}

/** Opens an authenticated socket that has joined a chat for sure. */
export async function join (t: Test, server: { url: string }, token: string, chatID: number): Promise<SocketClient> {
  const client = await connect(t, server, token)
  client.send({ type: 'join_chat', chatID })
  const others = await client.barrier()
  if (others.length > 0) throw new Error(`The server answered join_chat with ${JSON.stringify(others)}`)
  return client
}
