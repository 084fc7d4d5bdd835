/** How a client is made: its options, checked, and their defaults. */
import type { BackoffBounds } from './backoff.ts'
import { ConfabProblem } from './problem.ts'
import type { SocketConstructor } from './socket.ts'
import { browserStorage, type Storage } from './storage.ts'
import type { GetToken } from './tokens.ts'

/** The client's name for the server. */
export const CLIENT_NAME = 'confab-client'

const BACKOFF: BackoffBounds = { baseMs: 500, maxMs: 30_000 }
const TIMEOUT_MS = 15_000
const HEARTBEAT_MS = 30_000
const REFRESH_MS = 20_000

// Missing in Node.js before 22.
declare const WebSocket: SocketConstructor | undefined
// Only pages have one.
declare const location: { readonly origin: string } | undefined

/** Options of a client. Times in milliseconds. */
export type ClientOptions = {
  /** Address of the server, e.g. `https://chat.example.org`. */
  url: string
  /** Returns a token of the user; called again before it ends, and when it is refused. */
  getToken: GetToken
  /**
   * Where unsent messages, and what was seen last, are kept; by default in the IndexedDB of the browser, elsewhere in
   * memory.
   */
  storage?: Storage | undefined
  /** By default that of the platform. Node.js before 22 has none: pass that of the package `ws`. */
  WebSocket?: SocketConstructor | undefined
  fetch?: typeof fetch | undefined
  /** Time limit of an answer. */
  timeoutMs?: number | undefined
  /** After this time without a frame the connection is probed. */
  heartbeatMs?: number | undefined
  /** So often the list of chats is brought up to date with chats for which the socket has no room. */
  refreshMs?: number | undefined
  backoff?: BackoffBounds | undefined
}

/** Options with their defaults. */
export type ReadyOptions = { WebSocket: () => SocketConstructor } & {
  [Name in Exclude<keyof ClientOptions, 'WebSocket'>]-?: Exclude<ClientOptions[Name], undefined>
}

/** Fills in the defaults. @throws {ConfabProblem} `invalid_input` for an address that is none */
export function readyOptions ({
  url,
  getToken,
  storage,
  WebSocket: given,
  fetch: send = (...call) => fetch(...call),
  timeoutMs = TIMEOUT_MS,
  heartbeatMs = HEARTBEAT_MS,
  refreshMs = REFRESH_MS,
  backoff = BACKOFF
}: ClientOptions): ReadyOptions {
  const base = baseOf(url)
  return {
    url: base,
    getToken,
    storage: storage ?? browserStorage(`${CLIENT_NAME} ${base}`),
    WebSocket: () => given ?? platformSocket(),
    fetch: send,
    timeoutMs,
    heartbeatMs,
    refreshMs,
    backoff
  }
}

/**
 * The address of a server without a slash at its end; in a page it may be a path, such as `/`.
 * @throws {ConfabProblem} `invalid_input`
 */
export function baseOf (url: string): string {
  const isPath = typeof location !== 'undefined' && /^(\/(?!\/)|$)/.test(url)
  const whole = isPath ? `${location.origin}${url}` : url
  if (!/^https?:\/\/[^/]/i.test(whole))
    throw new ConfabProblem('invalid_input', `No server address: ${url}`)
  return whole.replace(/\/+$/, '')
}

function platformSocket (): SocketConstructor {
  if (typeof WebSocket === 'function') return WebSocket
  throw new ConfabProblem(
    'no_websocket',
    'No WebSocket: use Node.js 22, or pass that of the package ws.'
  )
}
