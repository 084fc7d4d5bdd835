/** The client: accounts, chats, history, and everything as it happens. */
import type { BackoffBounds } from './backoff.ts'
import { Chat } from './chat.ts'
import {
  type Account,
  accountOf,
  type Conversation,
  conversationOf,
  type Page,
  type PageOptions,
  pageOf,
  type Person,
  personOf
} from './directory.ts'
import { Emitter } from './emitter.ts'
import { ConfabError } from './errors.ts'
import { type CallOptions, fieldOf, Http, integerOf, textOf } from './http.ts'
import { type Message, messageOf } from './message.ts'
import { type Acknowledgement, Outbox, type PostOptions } from './outbox.ts'
import { type ConnectionState, Realtime, type SocketConstructor } from './realtime.ts'
import { requestTokens, Session, type Tokens } from './session.ts'

const BACKOFF: BackoffBounds = { baseMs: 500, maxMs: 30_000 }
const TIMEOUT_MS = 15_000
const HEARTBEAT_MS = 20_000
const PAGE_SIZE = 30

/** What the client tells of. */
export type ClientEvents = {
  state: ConnectionState
  /** New tokens, to be kept; undefined when the session has ended. */
  tokens: Tokens | undefined
  /** A message of any chat that is followed. */
  message: Message
}

/** How to reach a server. Times in milliseconds. */
export type ClientOptions = {
  /** Where it is, e.g. `https://chat.example.org`. */
  url: string
  /** Those of an earlier login, as they were told by the event `tokens`. */
  tokens?: Tokens | undefined
  /**
   * The tokens that were kept last, for clients that share a login, such as the tabs of a browser: one renews, the
   * others take.
   */
  sharedTokens?: (() => Tokens | undefined) | undefined
  /** Makes sockets, where the platform has none. */
  socket: SocketConstructor
  fetch?: typeof fetch | undefined
  timeoutMs?: number
  heartbeatMs?: number
  backoff?: BackoffBounds
}

/** A chat of the user. */
export type ChatSummary = { chatID: number, name: string, userID: number, lastSeq: number, lastActivity: string }

/** Which part of a chat's history: the newest messages, or those before or after a seq. */
export type HistoryRange = { limit?: number, before?: number, after?: number }

/** A server as one user sees it. */
export class ConfabClient extends Emitter<ClientEvents> {
  readonly #http: Http
  readonly #session: Session
  readonly #realtime: Realtime
  readonly #backoff: BackoffBounds
  readonly #chats = new Map<number, Chat>()
  readonly #outboxes = new Map<number, Outbox>()

  constructor ({
    url,
    tokens,
    sharedTokens,
    socket,
    fetch: send = fetch,
    timeoutMs = TIMEOUT_MS,
    heartbeatMs = HEARTBEAT_MS,
    backoff = BACKOFF
  }: ClientOptions) {
    super()
    const base = url.replace(/\/+$/, '')
    this.#backoff = backoff
    // A method of the window must be called as a function.
    this.#http = new Http({ url: base, fetch: (...call) => send(...call), timeoutMs })
    this.#session = new Session({
      http: this.#http,
      tokens,
      sharedTokens,
      onTokens: (renewed) => this.emit('tokens', renewed)
    })
    this.#realtime = new Realtime({ url: base, session: this.#session, socket, backoff, timeoutMs, heartbeatMs })
    this.#realtime.on('state', (state) => this.emit('state', state))
    this.#realtime.on('frame', (frame) => this.#take(frame))
  }

  /** Whether messages come and go now. */
  get state (): ConnectionState {
    return this.#realtime.state
  }

  /** What to keep for the next start; undefined when nobody is logged in. */
  get tokens (): Tokens | undefined {
    return this.#session.tokens
  }

  /** How many posts are not acknowledged yet. */
  get pendingPosts (): number {
    return [...this.#outboxes.values()].reduce((sum, outbox) => sum + outbox.size, 0)
  }

  /**
   * Makes an account; a code is mailed. @throws {ConfabError} `account_taken`, `weak_password`, `invalid_username`, …
   */
  async register (
    account: { username: string, email: string, password: string },
    options: CallOptions = {}
  ): Promise<void> {
    await this.#http.request('/user/register', { ...options, body: account })
  }

  /** Proves the address with the mailed code. @throws {ConfabError} `wrong_code` */
  async verifyEmail ({ username, code }: { username: string, code: string }, options: CallOptions = {}): Promise<void> {
    await this.#http.request('/user/verify-email', { ...options, body: { username, email_token: code } })
  }

  /** Has a link mailed with which the password can be set anew. @throws {ConfabError} `unknown_user` */
  async requestPasswordReset (username: string, options: CallOptions = {}): Promise<void> {
    await this.#http.request('/user/reset-password-request', { ...options, body: { username } })
  }

  /** Logs in and connects. @throws {ConfabError} `wrong_credentials`, `unverified`, `rate_limited` */
  async logIn (credentials: { username: string, password: string }, options: CallOptions = {}): Promise<void> {
    this.#session.set(await requestTokens(this.#http, credentials, options))
    this.#realtime.start()
  }

  /** Connects with the tokens of an earlier login. @throws {ConfabError} `logged_out` */
  connect (): void {
    if (this.#session.tokens === undefined) throw new ConfabError('logged_out', 'Nobody is logged in.')
    this.#realtime.start()
  }

  /**
   * Tries to connect at once, where an attempt was waiting for its time: for a program that knows that the network is
   * back.
   */
  reconnectNow (): void {
    this.#realtime.reconnectNow()
  }

  /** Who is logged in. */
  async account (options: CallOptions = {}): Promise<Account> {
    return accountOf(await this.#session.request('/api/auth/validate', { ...options, method: 'GET' }))
  }

  /** A page of the user's chats with what is new in them, latest activity first. */
  async conversations ({ signal, ...page }: PageOptions & CallOptions = {}): Promise<Page<Conversation>> {
    return pageOf(
      await this.#session.request(pathOf('/api/conversations', page), { signal, method: 'GET' }),
      'conversations',
      conversationOf
    )
  }

  /** A page of the people on the server, in the order they came. */
  async people ({ signal, ...page }: PageOptions & CallOptions = {}): Promise<Page<Person>> {
    return pageOf(
      await this.#session.request(pathOf('/api/profile/users', page), { signal, method: 'GET' }),
      'users',
      personOf
    )
  }

  /** The user's chats, latest activity first. */
  async chats (options: CallOptions = {}): Promise<ChatSummary[]> {
    const list = fieldOf(await this.#session.request('/chat/fetch-chats', options), 'response')
    return Array.isArray(list) ? list.map(summaryOf) : []
  }

  /** Opens the chat with another user. @throws {ConfabError} `chat_exists`, `unknown_receiver`, `chat_with_yourself` */
  async createChat (receiver: string, options: CallOptions = {}): Promise<number> {
    return (
      integerOf(await this.#session.request('/chat/create-chat', { ...options, body: { receiver } }), 'chatID') ?? 0
    )
  }

  /** Leaves a chat. @throws {ConfabError} `not_a_participant` */
  async leaveChat (chatID: number, options: CallOptions = {}): Promise<void> {
    await this.#session.request('/chat/delete-chat', { ...options, body: { chatID } })
    this.#chats.get(chatID)?.close()
  }

  /**
   * A page of a chat's messages, oldest first: the newest 50, or as the range says. What it hands out counts as read.
   * @throws {ConfabError} `not_a_participant`
   */
  async history (chatID: number, { signal, ...range }: HistoryRange & CallOptions = {}): Promise<Message[]> {
    const list = await this.#session.request('/chat/messages', { signal, body: { chatID, ...range } })
    return Array.isArray(list) ? list.map(messageOf).filter((message) => message !== undefined) : []
  }

  /** Follows a chat: from now on, or from what comes after a seq. A chat that is followed already stays as it is. */
  open (chatID: number, { after }: { after?: number | undefined } = {}): Chat {
    const known = this.#chats.get(chatID)
    if (known !== undefined) return known
    const chat = new Chat({
      chatID,
      after,
      realtime: this.#realtime,
      outbox: this.#outboxOf(chatID),
      backoff: this.#backoff,
      onClose: () => {
        this.#chats.delete(chatID)
      }
    })
    chat.on('message', (message) => this.emit('message', message))
    this.#chats.set(chatID, chat)
    return chat
  }

  /** Posts to a chat, whether it is followed or not; see {@link Chat.post}. */
  post (chatID: number, text: string, options: PostOptions = {}): Promise<Acknowledgement> {
    return this.#outboxOf(chatID).post(text, options)
  }

  /** Disconnects. Posts that are not acknowledged are given up, and the tokens are kept. */
  close (): void {
    const error = new ConfabError('closed', 'The client was closed.')
    this.#realtime.stop()
    for (const chat of [...this.#chats.values()]) chat.close()
    for (const outbox of this.#outboxes.values()) outbox.close(error)
    this.#outboxes.clear()
  }

  /** Ends the session on the server, too. */
  async logOut (options: CallOptions = {}): Promise<void> {
    try {
      await this.#session.request('/api/auth/logout', options)
    } finally {
      this.close()
      this.#session.set(undefined)
    }
  }

  #outboxOf (chatID: number): Outbox {
    let outbox = this.#outboxes.get(chatID)
    if (outbox === undefined) this.#outboxes.set(chatID, (outbox = new Outbox(chatID, this.#realtime, this.#backoff)))
    return outbox
  }

  #take (frame: unknown): void {
    const message = textOf(frame, 'type') === 'new_message' ? messageOf(frame) : undefined
    if (message === undefined) return
    this.#chats.get(message.chatID)?.take(message)
  }
}

function pathOf (path: string, { page = 1, pageSize = PAGE_SIZE }: PageOptions): string {
  return `${path}?page=${String(page)}&page_size=${String(pageSize)}`
}

function summaryOf (value: unknown): ChatSummary {
  return {
    chatID: integerOf(value, 'chatID') ?? 0,
    name: textOf(value, 'name') ?? '',
    userID: integerOf(value, 'userID') ?? 0,
    lastSeq: integerOf(value, 'lastSeq') ?? 0,
    lastActivity: textOf(value, 'lastActivity') ?? ''
  }
}
