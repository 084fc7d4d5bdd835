/** The client: accounts, chats, history, and live messages. */
import { Emitter, reportUncaught } from '../emitter.ts'
import { describeUnreachable, foreignOrigin } from '../page-origin.ts'
import type { ConnectionState, SocketConstructor } from '../socket.ts'
import type { Chat } from './chat.ts'
import { createChat, listChats, listConversations, markRead, readHistory } from './chat-requests.ts'
import { type ClientEvents, type ClientOptions, DEFAULTS, type HistoryRange } from './client-options.ts'
import {
  type Account, accountOf, type ChatSummary, type Conversation, type Page, type PageOptions, pageOf, pathOfPage,
  type PeopleOptions, type Person, personOf
} from './directory.ts'
import { ConfabError } from './errors.ts'
import { type CallOptions, Http } from './http.ts'
import { type LoginSession, loginSessionsOf } from './login-session.ts'
import { Login } from './login.ts'
import type { Message } from './message.ts'
import type { Acknowledgement, PostOptions } from './outbox.ts'
import { requestTokens, type Session, type Tokens } from './session.ts'

// Missing in Node.js before 22.
declare const WebSocket: SocketConstructor | undefined

/** A server as one user sees it. */
export class ConfabClient extends Emitter<ClientEvents> {
  readonly #http: Http
  readonly #newLogin: (tokens: Tokens) => Login
  #login: Login | undefined
  /** Counts logins and closes: of concurrent ones the last one applies. */
  #turn = 0
  #hasWarned = false

  /** @throws {ConfabError} `no_websocket` if the platform has none and none is passed */
  constructor ({
    url,
    tokens,
    sharedTokens,
    WebSocket: socket = typeof WebSocket === 'function' ? WebSocket : undefined,
    fetch: send = fetch,
    followAll = false,
    timeoutMs = DEFAULTS.timeoutMs,
    heartbeatMs = DEFAULTS.heartbeatMs,
    backoff = DEFAULTS.backoff
  }: ClientOptions) {
    super()
    if (socket === undefined)
      throw new ConfabError(
        'no_websocket',
        'This platform has no WebSocket: use Node.js 22, or pass that of the package ws as the option WebSocket.'
      )
    const base = url.replace(/\/+$/, '')
    // The browser's fetch must be called as a function, not as a method.
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
        followAll,
        onMessage: (message) => this.emit('message', message),
        onEdited: (message) => this.emit('edited', message),
        onDeleted: (message) => this.emit('deleted', message),
        onChats: (added) => this.emit('chats', added),
        onEnd: () => this.#forget(login),
        onUnopened: () => this.#warnOfOrigin(base),
        reportFailure: (error) => this.#report(error)
      })
      return login
    }
    if (tokens !== undefined) this.#login = this.#newLogin(tokens)
  }

  /** State of the connection. */
  get state (): ConnectionState {
    return this.#login?.realtime.state ?? 'closed'
  }

  /** The tokens to store for the next start; undefined without a login. */
  get tokens (): Tokens | undefined {
    return this.#login?.session.tokens
  }

  /** Number of posts without an acknowledgement. */
  get pendingPosts (): number {
    return this.#login?.pendingPosts ?? 0
  }

  /**
   * Registers an account; a code is mailed. @throws {ConfabError} `account_taken`, `weak_password`, `invalid_username`,
   * …
   */
  async register (
    account: { username: string, email: string, password: string },
    options: CallOptions = {}
  ): Promise<void> {
    await this.#http.request('/user/register', { ...options, body: account })
  }

  /** Verifies the address with the mailed code. @throws {ConfabError} `wrong_code` */
  async verifyEmail ({ username, code }: { username: string, code: string }, options: CallOptions = {}): Promise<void> {
    await this.#http.request('/user/verify-email', { ...options, body: { username, email_token: code } })
  }

  /** Requests a mail with a link that sets a new password. @throws {ConfabError} `unknown_user` */
  async requestPasswordReset (username: string, options: CallOptions = {}): Promise<void> {
    await this.#http.request('/user/reset-password-request', { ...options, body: { username } })
  }

  /**
   * Logs in and connects. An earlier login of this client ends: its chats are closed, and its pending posts fail with
   * `logged_out`.
   * @throws {ConfabError} `wrong_credentials`, `unverified`, `rate_limited`; `closed` when another login or a close
   * happened in the meantime
   */
  async logIn (credentials: { username: string, password: string }, options: CallOptions = {}): Promise<void> {
    const turn = ++this.#turn
    const sentAt = Date.now()
    const tokens = await requestTokens(this.#http, credentials, options)
    if (turn !== this.#turn)
      throw new ConfabError('closed', 'The client was closed, or logged in again, in the meantime.')
    const former = this.#login
    const login = (this.#login = this.#newLogin(tokens))
    former?.end()
    login.session.receive(tokens, sentAt)
    // A listener of the new tokens may have ended the login.
    if (this.#login === login && turn === this.#turn) login.start()
  }

  /** Connects with the tokens of an earlier login. @throws {ConfabError} `logged_out` */
  connect (): void {
    this.#current().start()
  }

  /** Tries to connect at once instead of after the current delay: for a program that knows that the network is back. */
  reconnectNow (): void {
    this.#login?.realtime.reconnectNow()
  }

  /** Returns the account of the user. */
  async account (options: CallOptions = {}): Promise<Account> {
    return accountOf(await this.#session.request('/api/auth/validate', { ...options, method: 'GET' }))
  }

  /** Returns the sessions of the account, the newest first. */
  async sessions (options: CallOptions = {}): Promise<LoginSession[]> {
    return loginSessionsOf(await this.#session.request('/v1/me/sessions', { ...options, method: 'GET' }))
  }

  /** Ends a session of the account, with its sockets. @throws {ConfabError} `unknown_session` */
  async endSession (id: string, options: CallOptions = {}): Promise<void> {
    await this.#session.request(`/v1/me/sessions/${encodeURIComponent(id)}`, { ...options, method: 'DELETE' })
  }

  /** Ends every other session of the account. */
  async endOtherSessions (options: CallOptions = {}): Promise<void> {
    await this.#session.request('/v1/me/sessions', { ...options, method: 'DELETE' })
  }

  /**
   * Replaces the password and ends every other session of the account.
   * @throws {ConfabError} `wrong_password`, `weak_password`, `password_unchanged`, `rate_limited`
   */
  async changePassword (
    { current, next }: { current: string, next: string },
    options: CallOptions = {}
  ): Promise<void> {
    const body = { current_password: current, new_password: next }
    await this.#session.request('/v1/auth/change-password', { ...options, body })
  }

  /** Returns a page of the user's chats with their unread counts, latest activity first. */
  async conversations (options: PageOptions & CallOptions = {}): Promise<Page<Conversation>> {
    return listConversations(this.#session, options)
  }

  /**
   * Returns a page of the users of the server, in the order they registered; with `search` those whose name or username
   * begins with it, by username.
   */
  async people ({ signal, ...page }: PeopleOptions & CallOptions = {}): Promise<Page<Person>> {
    const answer = await this.#session.request(pathOfPage('/api/profile/users', page), { signal, method: 'GET' })
    return pageOf(answer, 'users', personOf)
  }

  /** Returns the user's chats, latest activity first. */
  async chats (options: CallOptions = {}): Promise<ChatSummary[]> {
    return listChats(this.#session, options)
  }

  /**
   * Returns the chat with another user, and creates it if needed. @returns its id
   * @throws {ConfabError} `unknown_receiver`, `chat_with_yourself`
   */
  async createChat (receiver: string, options: CallOptions = {}): Promise<number> {
    return createChat(this.#session, receiver, options)
  }

  /** Leaves a chat. @throws {ConfabError} `not_a_participant` */
  async leaveChat (chatID: number, options: CallOptions = {}): Promise<void> {
    const login = this.#current()
    await login.session.request('/chat/delete-chat', { ...options, body: { chatID } })
    login.chat(chatID)?.close()
  }

  /**
   * Returns a page of a chat's messages, oldest first: the newest 50, or those in the range. Messages that were
   * returned count as read, unless `markRead` is false.
   * @throws {ConfabError} `not_a_participant`
   */
  async history (chatID: number, options: HistoryRange & CallOptions = {}): Promise<Message[]> {
    return readHistory(this.#session, chatID, options)
  }

  /** Marks the messages of a chat up to a seq as read. @throws {ConfabError} `not_a_participant` */
  async markRead (chatID: number, seq: number, options: CallOptions = {}): Promise<void> {
    await markRead(this.#session, chatID, seq, options)
  }

  /**
   * Follows a chat: from now on, or after a seq. A chat that is already followed stays unchanged.
   * @throws {ConfabError} `logged_out`
   */
  open (chatID: number, { after }: { after?: number | undefined } = {}): Chat {
    return this.#current().open(chatID, after)
  }

  /** Posts to a chat, whether it is followed or not; see {@link Chat.post}. */
  async post (chatID: number, text: string, options: PostOptions = {}): Promise<Acknowledgement> {
    return this.#current().outbox(chatID).post(text, options)
  }

  /** Disconnects. Posts without an acknowledgement fail, and the tokens stay valid. */
  close (): void {
    this.#turn++
    this.#login?.close(new ConfabError('closed', 'The client was closed.'))
  }

  /** Ends the session on the server and disconnects. */
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
    if (this.#login === undefined) throw new ConfabError('logged_out', 'There is no session: log in first.')
    return this.#login
  }

  /** The end of a login leaves the client without one, unless another login has replaced it. */
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

  /** A browser gives no reason for a socket that does not open, and no promise of the program fails with it. */
  #warnOfOrigin (url: string): void {
    if (this.#hasWarned || foreignOrigin(url) === undefined) return
    this.#hasWarned = true
    console.warn(describeUnreachable(url))
  }
}
