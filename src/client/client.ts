/** The client: the chats of a user, kept in step with the server. */
import { Cache } from './cache.ts'
import { ChatList } from './chat-list.ts'
import { Chat } from './chat.ts'
import type { ChatObserver, ChatOptions } from './chat-options.ts'
import type { ClientEvents } from './client-events.ts'
import { CLIENT_NAME, type ClientOptions, readyOptions, type ReadyOptions } from './client-options.ts'
import { Connection } from './connection.ts'
import { Emitter, reportUncaught } from './emitter.ts'
import { type CallOptions, Http, type RequestOptions } from './http.ts'
import { Identity } from './identity.ts'
import { type Live, LiveValue } from './live.ts'
import { Outbox } from './outbox.ts'
import { PresenceWatch } from './presence-watch.ts'
import { ConfabProblem } from './problem.ts'
import { Profiles } from './profiles.ts'
import type { ConnectionState } from './socket.ts'
import { Subscriptions } from './subscriptions.ts'
import { Tokens } from './tokens.ts'
import {
  type ChatInfo, type FeedEvent, type FrameOf, type Presence, type ResetReason, type ServerFrame, type User, withFields
} from './types.ts'
import { onWakeUp } from './wake-up.ts'

const isWrittenChat = withFields<{ chat: ChatInfo }>('chat')

/** A chat that the user makes. */
export type ChatToCreate = {
  type: string
  name?: string
  description?: string
  members?: readonly { user: string, role?: string }[]
  data?: Readonly<Record<string, unknown>>
}

/** A server as one user sees it. Nothing is sent before {@link ConfabClient.connect}. */
export class ConfabClient extends Emitter<ClientEvents> {
  /** The chats of the user. */
  readonly chats: ChatList
  /** The state of the connection. */
  readonly connection: Live<ConnectionState>
  readonly #options: ReadyOptions
  readonly #identity: Identity
  readonly #connection: Connection
  readonly #http: Http
  readonly #cache: Cache
  readonly #outbox: Outbox
  readonly #subscriptions: Subscriptions
  readonly #presence: PresenceWatch
  readonly #profiles: Profiles
  readonly #chats = new Map<string, Chat>()
  readonly #optionsOfChats: ChatOptions
  readonly #state = new LiveValue<ConnectionState>('closed')
  #epoch: string | undefined
  #pos: number | undefined
  #opened = Promise.resolve()
  #warnedOf: string | undefined
  #stopWakeUps: (() => void) | undefined

  /** @throws {ConfabProblem} `invalid_input` for a url that is none */
  constructor (options: ClientOptions) {
    super()
    const { url, getToken, storage, fetch, timeoutMs, refreshMs, backoff } = this.#options = readyOptions(options)
    const tokens = new Tokens(getToken)
    const identity = this.#identity = new Identity({ storage, tokens })
    const http = this.#http = new Http({ url, tokens, fetch, timeoutMs })
    const connection = this.#connection =
      new Connection({
        ...this.#options,
        tokens,
        hello: () => ({ client: CLIENT_NAME, epoch: this.#epoch, feed: { after: this.#pos } })
      })
    const cache = this.#cache = new Cache({ storage, epoch: () => this.#epoch })
    this.#presence = new PresenceWatch(connection)
    this.#profiles = new Profiles(http)
    const shared = { connection, http, storage, backoff, cache, identify: () => identity.known() }
    const subscriptions = this.#subscriptions = new Subscriptions(shared)
    const outbox = this.#outbox = new Outbox({
      ...shared,
      onChange: (chat) => this.#chats.get(chat)?.showOutgoing(),
      onSent: (message, seq) => this.#chats.get(message.chat)?.noteSent(message, seq)
    })
    this.#optionsOfChats = { ...shared, subscriptions, outbox, me: () => identity.user, observer: this.#observer }
    this.chats = new ChatList({ ...shared, subscriptions, refreshMs, chatOf: (id) => this.chat(id) })
    connection.on('welcome', (frame) => this.#welcome(frame))
    connection.on('frame', (frame) => this.#take(frame))
    connection.on('problem', (problem) => this.#report(problem))
    this.connection = this.#state
    connection.on('state', (state) => {
      this.#state.set(state)
      this.emit('state', state)
    })
  }

  /** The id of the user; null before it is known. */
  get user (): string | null {
    return this.#identity.user
  }

  /** Number of messages on their way. */
  get unsent (): number {
    return this.#outbox.size
  }

  /** Connects, and stays connected. @throws {ConfabProblem} `no_websocket` */
  connect (): void {
    this.#connection.start()
    this.#stopWakeUps ??= onWakeUp((wakeUp) => {
      this.#connection.wakeUp(wakeUp)
      this.chats.loadAgain()
    })
    void this.#recallUser()
  }

  /** Disconnects. Unsent messages are kept, and {@link ConfabClient.connect} goes on. */
  close (): void {
    this.#stopWakeUps?.()
    this.#stopWakeUps = undefined
    this.#connection.stop()
    for (const chat of this.#chats.values()) chat.forgetTyping()
    void this.#cache.flush()
  }

  /**
   * Disconnects, and deletes what was kept of the user in the storage, unsent messages included: for a logout on a
   * device that others use, too.
   */
  async forget (): Promise<void> {
    this.close()
    const kept = await this.#identity.kept()
    if (this.user === null && kept !== undefined) this.#become(kept.user)
    await this.#opened
    this.#outbox.discardAll()
    await Promise.all([this.#cache.clear(), this.#identity.forget()])
  }

  /** Tries to connect at once instead of after the current delay. */
  reconnectNow (): void {
    this.#connection.reconnectNow()
  }

  /** A chat by its id: always the same object. It is not followed by that alone. */
  chat (id: string): Chat {
    const known = this.#chats.get(id)
    if (known !== undefined) return known
    // Anything else would be another path of the API.
    if (!/^[\w.~-]{1,64}$/.test(id) || /^\.{1,2}$/.test(id))
      throw new ConfabProblem('invalid_input', `No chat id: ${id}`)
    const chat = new Chat(id, this.#optionsOfChats)
    this.#chats.set(id, chat)
    return chat
  }

  /** The chat of the user with another one. @throws {ConfabProblem} */
  async directChat (user: string, { signal }: CallOptions = {}): Promise<Chat> {
    const options = { method: 'PUT', body: { user }, signal } as const
    return this.#known((await this.#http.request('/chats:direct', isWrittenChat, options)).chat)
  }

  /** Makes a chat. @throws {ConfabProblem} */
  async createChat ({ signal, ...body }: ChatToCreate & CallOptions): Promise<Chat> {
    return this.#known((await this.#http.request('/chats', isWrittenChat, { method: 'POST', body, signal })).chat)
  }

  /** The profile of a user, loaded when somebody subscribes; null before. */
  userOf (id: string): Live<User | null> {
    return this.#profiles.of(id)
  }

  /** Whether a user is there, as long as somebody has subscribed. */
  presenceOf (user: string): Live<Presence> {
    return this.#presence.of(user)
  }

  /** Calls any route of `/v1`, with the token of the user. @param path behind `/v1` @throws {ConfabProblem} */
  async request (path: string, options: RequestOptions = {}): Promise<unknown> {
    return this.#http.send(path, options)
  }

  #known (info: ChatInfo): Chat {
    const chat = this.chat(info.id)
    chat.load(info)
    return chat
  }

  readonly #observer: ChatObserver = {
    onEvent: (event) => {
      this.chats.noteEvent(event)
      this.emit('event', event)
      this.emit(event.type, event)
    },
    onGap: (chat, missing) => this.emit('gap', { chat, ...missing }),
    onReset: (chat, reason) => this.emit('reset', { chat, reason }),
    onChanged: (chat) => this.chats.noteChanged(chat)
  }

  #welcome ({ user, epoch, pos }: FrameOf<'welcome'>): void {
    // What was kept is of another time, which the hello may have been too early to say.
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#reset('epoch_changed')
    this.#epoch = epoch
    this.#warnedOf = undefined
    this.#become(user)
    if (this.#pos === undefined || this.#pos > pos) {
      // What the feed has said meanwhile is not known.
      this.#pos = pos
      this.chats.reset()
    }
    this.#identity.keep(user, epoch).catch(reportUncaught)
  }

  #take (frame: ServerFrame): void {
    switch (frame.type) {
      case 'feed':
        this.#takeFeed(frame.event)
        break
      case 'typing':
        this.#chats.get(frame.chat)?.noteTyping(frame.user, frame.until)
        break
      case 'read':
        if (frame.parent === undefined || frame.parent === null) this.#chats.get(frame.chat)?.noteRead(frame)
        break
      case 'reset':
        if (frame.chat === undefined) this.#reset(frame.reason)
        break
      default:
    }
  }

  #takeFeed (event: FeedEvent): void {
    const { type, chat, pos } = event
    if (this.#pos !== undefined && pos <= this.#pos) return
    this.#pos = pos
    if (chat !== undefined) {
      if (type === 'chat.added') this.chats.add(chat)
      else if (type === 'chat.removed') this.chats.remove(chat)
      else if (type === 'mention.received') this.chats.loadAgain()
      else if (type === 'membership.updated') this.#chats.get(chat)?.refresh().catch(() => undefined)
      else if (type === 'message.hidden' && typeof event.data['seq'] === 'number')
        this.#chats.get(chat)?.hide(event.data['seq'])
    }
    this.emit('feed', event)
  }

  /** The server's data went back to an earlier state. */
  #reset (reason: ResetReason): void {
    void this.#cache.clear()
    this.#epoch = this.#pos = undefined
    this.emit('reset', { reason })
    this.#subscriptions.resetAll()
    this.chats.reset()
  }

  #become (user: string): void {
    const isOther = this.#identity.become(user)
    this.#cache.open(user)
    this.#opened = this.#outbox.open(user)
    if (!isOther) return
    this.#pos = undefined
    this.#subscriptions.resetAll()
    this.chats.reset()
  }

  /** Without a connection the last user sees what was there, and what is unsent. */
  async #recallUser (): Promise<void> {
    const kept = await this.#identity.recall()
    if (kept === undefined || this.user !== null) return
    this.#epoch ??= kept.epoch
    this.#become(kept.user)
  }

  /** Without a listener a wrong token would show nowhere. */
  #report (problem: ConfabProblem): void {
    const { code, message } = problem
    if (!this.hasListeners('problem') && code !== this.#warnedOf) console.warn(`${CLIENT_NAME}: ${code}: ${message}`)
    this.#warnedOf = code
    this.emit('problem', problem)
  }
}
