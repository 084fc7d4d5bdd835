/** A client of `/v1/realtime`. */
import { WebSocket } from 'ws'
import { Disappointment, expectEqual } from './expectations.ts'
import { at, objectOf } from './json.ts'
import type { World } from './world.ts'

const DEADLINE_MS = 20_000

/** A frame of the server. */
export type Frame = Record<string, unknown>
type Wanted = (frame: Frame) => boolean

/** A socket whose frames are taken one by one, in order. */
export class Socket {
  readonly #socket: WebSocket
  readonly #frames: Frame[] = []
  readonly #closed: Promise<number>
  #wake: () => void = () => undefined
  #code: number | undefined
  #refs = 0

  constructor (url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.on('message', (data: Buffer) => {
      this.#frames.push(objectOf(data.toString()))
      this.#wake()
    })
    this.#closed = new Promise((resolve) => {
      this.#socket.on('close', (code) => {
        this.#code = code
        resolve(code)
        this.#wake()
      })
    })
    // A socket that fails is closed, too.
    this.#socket.on('error', () => undefined)
  }

  /** Opens a socket to the next replica, without a frame. */
  static async open (world: World): Promise<Socket> {
    const socket = new Socket(`${world.server.nextUrl().replace(/^http/, 'ws')}/v1/realtime`)
    await within(new Promise<void>((resolve, reject) => {
      socket.#socket.once('open', () => resolve())
      socket.#socket.once('close', (code) => reject(new Disappointment(`A socket was closed with ${String(code)}.`)))
    }), 'a socket to open')
    return socket
  }

  /** Opens a socket as a user, up to the `welcome`. */
  static async connect (world: World, user: string, hello: object = {}): Promise<Socket> {
    const socket = await Socket.open(world)
    socket.send({ type: 'hello', token: world.tokenOf(user), ...hello })
    await socket.next(({ type }) => type === 'welcome', 'the welcome')
    return socket
  }

  /** Sends a frame; a text as it is. */
  send (frame: object | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** Takes frames up to the first of this kind, and drops those before it. */
  async next (isWanted: Wanted, name: string): Promise<Frame> {
    return (await this.upTo(isWanted, name)).last
  }

  /** Takes frames up to the first of this kind. */
  async upTo (isWanted: Wanted, name: string): Promise<{ before: Frame[], last: Frame }> {
    const before: Frame[] = []
    const found = async (): Promise<Frame> => {
      for (;;) {
        const frame = this.#frames.shift()
        if (frame !== undefined && isWanted(frame)) return frame
        if (frame !== undefined) before.push(frame)
        else if (this.#code !== undefined)
          throw new Disappointment(`The socket was closed with ${String(this.#code)} before ${name}.`)
        else await new Promise<void>((resolve) => { this.#wake = resolve })
      }
    }
    return { before, last: await within(found(), name) }
  }

  /** Sends a command. @returns what came before its `ack` or `problem`, and that */
  async request (command: object): Promise<{ before: Frame[], answer: Frame }> {
    const ref = `ref-${String(++this.#refs)}`
    this.send({ ...command, ref })
    const { before, last } = await this.upTo(
      (frame) => frame['ref'] === ref &&
        (frame['type'] === 'ack' || (frame['type'] === 'problem' && frame['chat'] === undefined)),
      `the answer to ${String(at(command, 'type'))}`
    )
    return { before, answer: last }
  }

  /** Sends a command that is acknowledged. */
  async perform (command: object): Promise<Frame> {
    const { answer } = await this.request(command)
    expectEqual(answer['type'], 'ack', `the answer to ${JSON.stringify(command)}, ${JSON.stringify(answer)},`)
    return answer
  }

  /** The code with which the server closes. */
  async closed (): Promise<number> {
    return within(this.#closed, 'the end of a socket')
  }

  /** Ends it. */
  async close (): Promise<void> {
    this.#socket.close()
    await within(this.#closed, 'the end of a socket')
  }
}

/** @throws {Disappointment} after a while */
export async function within<Value> (promise: Promise<Value>, name: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Disappointment(`In vain it waited for ${name}.`)), DEADLINE_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
