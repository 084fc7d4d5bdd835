/** The client library of `/v1` for tests, with a line between it and the replicas that the test controls. */
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { ConfabClient, type ClientOptions, type Live, type Messages } from '../../../src/client/index.ts'
import { noteConfidential } from '../checks/confidential.ts'
import { checkAnswer, checkClose, checkFrame } from '../checks/described.ts'
import { isRecord } from '../data/json.ts'
import { within } from '../deadline.ts'
import type { Frame } from './socket.ts'

const DEADLINE_MS = 10_000
/** The address that the client knows. */
const ADDRESS = 'http://confab.test'

/** The way to a replica. Answers and frames are held against what the server says of itself. */
export class Line {
  /** Whether a frame of the server is lost on the way. */
  isLost: (frame: Frame) => boolean = () => false
  /** Requests that were sent, as `<method> <path>`. */
  readonly requests: string[] = []
  readonly #sockets = new Set<WebSocket>()
  #url: string | undefined

  /** @param url of a replica; without one nobody is reached */
  constructor (url?: string) {
    this.#url = url
  }

  /** Leads to another replica, or nowhere, from now on. */
  redirect (url: string | undefined): void {
    this.#url = url
    this.cut()
  }

  /** Breaks every connection. */
  cut (): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  /** What the client takes for its platform. */
  get platform (): Pick<ClientOptions, 'fetch' | 'WebSocket'> {
    const open = (socket: WebSocket) => {
      this.#sockets.add(socket)
      socket.on('close', (code) => {
        this.#sockets.delete(socket)
        checkClose(code)
      })
    }
    const isLost = (frame: Frame) => this.isLost(frame)
    const target = () => this.#url ?? 'http://127.0.0.1:9'
    return {
      fetch: (input, init) => this.#fetch(new Request(input).url, init),
      WebSocket: class extends WebSocket {
        constructor (url: string) {
          super(url.replace(ADDRESS.replace('http', 'ws'), target().replace('http', 'ws')))
          open(this)
        }

        override emit (name: string, ...values: unknown[]): boolean {
          if (name === 'message' && Buffer.isBuffer(values[0])) {
            const frame: unknown = JSON.parse(values[0].toString())
            checkFrame(frame)
            if (isRecord(frame) && isLost(frame)) return true
          }
          return super.emit(name, ...values)
        }
      }
    }
  }

  async #fetch (address: string, init: RequestInit = {}): Promise<Response> {
    if (this.#url === undefined) throw new TypeError('Nobody is there.')
    const url = address.replace(ADDRESS, this.#url)
    const { method = 'GET' } = init
    this.requests.push(`${method} ${new URL(url).pathname}`)
    const response = await fetch(url, init)
    const text = await response.clone().text()
    const { status, headers } = response
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    checkAnswer(url, method, { status, headers, text, body })
    return response
  }
}

/** A client that connects at once, and is closed with the test. */
export function openClient (
  t: Test, line: Line, token: string | (() => string), options: Partial<ClientOptions> = {}
): ConfabClient {
  const client = new ConfabClient({
    url: ADDRESS,
    getToken: () => {
      const current = typeof token === 'string' ? token : token()
      noteConfidential({ token: current })
      return current
    },
    backoff: { baseMs: 10, maxMs: 100 },
    ...line.platform,
    ...options
  })
  t.teardown(() => client.close())
  client.connect()
  return client
}

/** Waits until a value is as it should be. @returns it */
export async function when<Value> (
  live: Live<Value>, isRight: (value: Value) => boolean, what = 'a value'
): Promise<Value> {
  let stop = (): void => undefined
  const right = new Promise<Value>((resolve) => {
    const look = () => {
      if (isRight(live.getSnapshot())) resolve(live.getSnapshot())
    }
    stop = live.subscribe(look)
    look()
  })
  const seen = () => `${what}, which was ${JSON.stringify(live.getSnapshot())}`
  return within(right, DEADLINE_MS, seen).finally(() => stop())
}

/** The texts of messages, oldest first. */
export const textsOf = ({ items }: Messages): string[] => items.map(({ text }) => text)

/** Whether there are exactly these texts, all of them stored: for {@link when}. */
export const isSettled = (...texts: string[]) => (messages: Messages): boolean =>
  textsOf(messages).join() === texts.join() && messages.items.every(({ status }) => status === 'sent')
