/** How a client is made, and what it emits. */
import type { BackoffBounds } from '../backoff.ts'
import type { ConnectionState, SocketConstructor } from '../socket.ts'
import type { AddedChat } from './login.ts'
import type { DeletedMessage, Message } from './message.ts'
import type { Tokens } from './session.ts'

/** Events of the client. */
export type ClientEvents = {
  state: ConnectionState
  /** New tokens, to be stored; undefined when the session has ended. */
  tokens: Tokens | undefined
  /** A message of any followed chat. */
  message: Message
  /** A message has another text; only with {@link ClientOptions.followAll}. */
  edited: Message
  /** A message was deleted; only with {@link ClientOptions.followAll}. */
  deleted: DeletedMessage
  /** Another user has brought this one into a chat; only with {@link ClientOptions.followAll}. */
  chats: AddedChat
  /**
   * An error thrown by a listener of the program. Without a listener of this event it is reported like an uncaught
   * error.
   */
  error: unknown
}

/** Options of a client. Times in milliseconds. */
export type ClientOptions = {
  /** Address of the server, e.g. `https://chat.example.org`. */
  url: string
  /** Tokens of an earlier login, as delivered by the event `tokens`. */
  tokens?: Tokens | undefined
  /**
   * Returns the tokens stored last, for clients that share a login, such as the tabs of a browser: one renews them, the
   * others adopt them. Tokens of another user are ignored.
   */
  sharedTokens?: (() => Tokens | undefined) | undefined
  /**
   * Opens sockets; by default the WebSocket of the platform. Node.js before 22 has none: pass that of the package `ws`.
   */
  WebSocket?: SocketConstructor | undefined
  fetch?: typeof fetch | undefined
  /**
   * Whether to follow all chats of the user, as they come and go: from now on also the messages of chats that are not
   * opened are delivered, and changes of messages.
   */
  followAll?: boolean | undefined
  timeoutMs?: number | undefined
  heartbeatMs?: number | undefined
  backoff?: BackoffBounds | undefined
}

/** A part of a chat's history: the newest messages, or those before or after a seq. */
export type HistoryRange = {
  limit?: number | undefined
  before?: number | undefined
  after?: number | undefined
  /** Whether the returned messages count as read; by default they do. */
  markRead?: boolean | undefined
}

/** What applies where an option is missing. Times in milliseconds. */
export const DEFAULTS = {
  timeoutMs: 15_000,
  heartbeatMs: 20_000,
  backoff: { baseMs: 500, maxMs: 30_000 }
} as const satisfies Partial<ClientOptions>
