/** The client: accounts, chats, history, and everything as it happens. */
import type { BackoffBounds } from './backoff.ts'
import type { Chat } from './chat.ts'
import {
  type Account,
  accountOf,
  type ChatSummary,
  type Conversation,
  conversationOf,
  type Page,
  type PageOptions,
  pageOf,
  pathOfPage,
  type Person,
  personOf,
  summariesOf
} from './directory.ts'
import { Emitter, reportUncaught } from './emitter.ts'
import { ConfabError } from './errors.ts'
import { type CallOptions, Http } from './http.ts'
import { integerOf } from './json.ts'
import { Login } from './login.ts'
import { type Message, messageOf } from './message.ts'
import type { Acknowledgement, PostOptions } from './outbox.ts'
import { describeUnreachable, foreignOrigin } from './page-origin.ts'
import { requestTokens, type Session, type Tokens } from './session.ts'
import type { ConnectionState, SocketConstructor } from './socket.ts'

const BACKOFF: BackoffBounds = { baseMs: 500, maxMs: 30_000 }
const TIMEOUT_MS = 15_000
const HEARTBEAT_MS = 20_000

// Missing in Node.js before 22.
declare const WebSocket: SocketConstructor | undefined

/** Events of the client. */
export type ClientEvents = {
  state: ConnectionState
  /** New tokens, to be kept; undefined when the session has ended. */
  tokens: Tokens | undefined
  /** A message of any chat that is followed. */
  message: Message
  /** What a listener of the program threw. Without a listener of this event it is reported like any uncaught error. */
  error: unknown
}

/** How to reach a server. Times in milliseconds. */
export type ClientOptions = {
  /** Where it is, e.g. `https://chat.example.org`. */
  url: string
  /** Those of an earlier login, as the event `tokens` handed them out. */
  tokens?: Tokens | undefined
  /**
   * The tokens that were kept last, for clients that share a login, such as the tabs of a browser: one renews, the
   * others take. Those of another user are ignored.
   */
  sharedTokens?: (() => Tokens | undefined) | undefined
  /** Opens sockets; that of the platform by default. Node.js before 22 has none: pass that of the package `ws`. */
  WebSocket?: SocketConstructor | undefined
  fetch?: typeof fetch | undefined
  timeoutMs?: number | undefined
  heartbeatMs?: number | undefined
  backoff?: BackoffBounds | undefined
}

/** Which part of a chat's history: the newest messages, or those before or after a seq. */
export type HistoryRange = { limit?: number | undefined, before?: number | undefined, after?: number | undefined }

/** A server as one user sees it. */
export class ConfabClient extends Emitter<ClientEvents> {
  readonly #http: Http
  readonly #newLogin: (tokens: Tokens) => Login
  #login: Login | undefined
  /** Counts the logins and closes: of those that overlap, the last one holds. */
  #turn = 0
  #hasWarned = false

  /** @throws {ConfabError} `no_websocket` where the platform has none and none is passed */
  constructor ({
    url,
    tokens,
    sharedTokens,
    WebSocket: socket = typeof WebSocket === 'function' ? WebSocket : undefined,
    fetch: send = fetch,
    timeoutMs = TIMEOUT_MS,
    heartbeatMs = HEARTBEAT_MS,
    backoff = BACKOFF
  }: ClientOptions) {
    super()
    if (socket === undefined)
      throw new ConfabError(
        'no_websocket',
        'This platform has no WebSocket: use Node.js 22, or pass that of the package ws as the option WebSocket.'
      )
    const base = url.replace(/\/+$/, '')
    // A method of the window must be called as a function.
    this.#http = new Http({ url: base, fetch: (...call) => send(...call), timeoutMs })
    this.#newLogin = (tokens) => {
      const login: Login = new Login({
        url: base,
        http: this.#http,
        tokens,
        sharedTokens: sharedTokens && (() => this.#readShared(sharedTokens)),
        socket,
        backoff,
        timeoutMs,
        heartbeatMs,
        onTokens: (renewed) => {
          if (this.#login === login) this.emit('tokens', renewed)
        },
        onState: (state) => {
          if (this.#login === login) this.emit('state', state)
        },
        onMessage: (message) => this.emit('message', message),
        onEnd: () => this.#forget(login),
        onUnopened: () => this.#warnOfOrigin(base),
        reportFailure: (error) => this.#report(error)
      })
      return login
    }
    if (tokens !== undefined) this.#login = this.#newLogin(tokens)
  }

  /** Whether messages come and go now. */
  get state (): ConnectionState {
    return this.#login?.realtime.state ?? 'closed'
  }

  /** What to keep for the next start; undefined when nobody is logged in. */
  get tokens (): Tokens | undefined {
    return this.#login?.session.tokens
  }

  /** How many posts are not acknowledged yet. */
  get pendingPosts (): number {
    return this.#login?.pendingPosts ?? 0
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

  /**
   * Logs in and connects. The login before it on this client ends here: its chats are closed, and its posts that wait
   * fail with `logged_out`.
   * @throws {ConfabError} `wrong_credentials`, `unverified`, `rate_limited`; `closed` when another login or a close
   *   came meanwhile
   */
  async logIn (credentials: { username: string, password: string }, options: CallOptions = {}): Promise<void> {
    const turn = ++this.#turn
    const sentAt = Date.now()
    const tokens = await requestTokens(this.#http, credentials, options)
    if (turn !== this.#turn) throw new ConfabError('closed', 'Another login or a close came meanwhile.')
    const former = this.#login
    const login = (this.#login = this.#newLogin(tokens))
    former?.end()
    login.session.receive(tokens, sentAt)
    // A listener of the new tokens may have ended it.
    if (this.#login === login && turn === this.#turn) login.start()
  }

  /** Connects with the tokens of an earlier login. @throws {ConfabError} `logged_out` */
  connect (): void {
    this.#current().start()
  }

  /**
   * Tries to connect at once, where an attempt was waiting for its time: for a program that knows that the network is
   * back.
   */
  reconnectNow (): void {
    this.#login?.realtime.reconnectNow()
  }

  /** The account of the user. */
  async account (options: CallOptions = {}): Promise<Account> {
    return accountOf(await this.#session.request('/api/auth/validate', { ...options, method: 'GET' }))
  }

  /** A page of the user's chats with what is new in them, latest activity first. */
  async conversations ({ signal, ...page }: PageOptions & CallOptions = {}): Promise<Page<Conversation>> {
    const answer = await this.#session.request(pathOfPage('/api/conversations', page), { signal, method: 'GET' })
    return pageOf(answer, 'conversations', conversationOf)
  }

  /** A page of the people on the server, in the order they came. */
  async people ({ signal, ...page }: PageOptions & CallOptions = {}): Promise<Page<Person>> {
    const answer = await this.#session.request(pathOfPage('/api/profile/users', page), { signal, method: 'GET' })
    return pageOf(answer, 'users', personOf)
  }

  /** The user's chats, latest activity first. */
  async chats (options: CallOptions = {}): Promise<ChatSummary[]> {
    return summariesOf(await this.#session.request('/chat/fetch-chats', options))
  }

  /**
   * Opens the chat with another user, or finds the one there is. @returns its number
   * @throws {ConfabError} `unknown_receiver`, `chat_with_yourself`
   */
  async createChat (receiver: string, options: CallOptions = {}): Promise<number> {
    const session = this.#session
    try {
      return integerOf(await session.request('/chat/create-chat', { ...options, body: { receiver } }), 'chatID') ?? 0
    } catch (error) {
      if (!(error instanceof ConfabError) || error.code !== 'chat_exists') throw error
      const known = summariesOf(await session.request('/chat/fetch-chats', options)).find(
        ({ name }) => name.toLowerCase() === receiver.toLowerCase()
      )
      if (known === undefined) throw error
      return known.chatID
    }
  }

  /** Leaves a chat. @throws {ConfabError} `not_a_participant` */
  async leaveChat (chatID: number, options: CallOptions = {}): Promise<void> {
    const login = this.#current()
    await login.session.request('/chat/delete-chat', { ...options, body: { chatID } })
    login.chat(chatID)?.close()
  }

  /**
   * A page of a chat's messages, oldest first: the newest 50, or as the range says. What it hands out counts as read.
   * @throws {ConfabError} `not_a_participant`
   */
  async history (chatID: number, { signal, ...range }: HistoryRange & CallOptions = {}): Promise<Message[]> {
    const list = await this.#session.request('/chat/messages', { signal, body: { chatID, ...range } })
    return Array.isArray(list) ? list.map(messageOf).filter((message) => message !== undefined) : []
  }

  /**
   * Follows a chat: from now on, or from what comes after a seq. A chat that is followed already stays as it is.
   * @throws {ConfabError} `logged_out`
   */
  open (chatID: number, { after }: { after?: number | undefined } = {}): Chat {
    return this.#current().open(chatID, after)
  }

  /** Posts to a chat, whether it is followed or not; see {@link Chat.post}. */
  async post (chatID: number, text: string, options: PostOptions = {}): Promise<Acknowledgement> {
    return this.#current().outbox(chatID).post(text, options)
  }

  /** Disconnects. Posts that are not acknowledged are given up, and the tokens are kept. */
  close (): void {
    this.#turn++
    this.#login?.close(new ConfabError('closed', 'The client was closed.'))
  }

  /** Ends the session on the server, too. */
  async logOut (options: CallOptions = {}): Promise<void> {
    const login = this.#current()
    try {
      await login.session.request('/api/auth/logout', options)
    } finally {
      login.end()
      this.#forget(login)
    }
  }

  protected override reportFailure (name: keyof ClientEvents, error: unknown): void {
    if (name === 'error') reportUncaught(error)
    else this.#report(error)
  }

  get #session (): Session {
    return this.#current().session
  }

  #current (): Login {
    if (this.#login === undefined) throw new ConfabError('logged_out', 'Nobody is logged in.')
    return this.#login
  }

  /** A login that has ended leaves nobody logged in, unless another one has taken its place. */
  #forget (login: Login): void {
    if (this.#login !== login) return
    this.#login = undefined
    this.emit('tokens', undefined)
  }

  #readShared (sharedTokens: () => Tokens | undefined): Tokens | undefined {
    try {
      return sharedTokens()
    } catch (error) {
      this.#report(error)
      return undefined
    }
  }

  #report (error: unknown): void {
    if (this.hasListeners('error')) this.emit('error', error)
    else reportUncaught(error)
  }

  /** A socket that does not open says nothing of its reason, and no promise of the program fails with it. */
  #warnOfOrigin (url: string): void {
    if (this.#hasWarned || foreignOrigin(url) === undefined) return
    this.#hasWarned = true
    console.warn(describeUnreachable(url))
  }
}
