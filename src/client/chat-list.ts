/** The chats of the user as a live collection, the latest active first. */
import { type Cache, CHAT_LIST } from './cache.ts'
import type { Chat } from './chat.ts'
import { type ListState, PagedList, type PagedListOptions } from './paged-list.ts'
import { activityOf } from './state/chat-info.ts'
import type { Subscriptions } from './subscriptions.ts'
import { type ChatEvent, type ChatInfo, withFields } from './types.ts'

const PAGE_SIZE = 100
/** Messages may be stored in another order than that of their times: replicas have clocks of their own. */
const MARGIN_MS = 10_000

const isInfo = withFields<ChatInfo>('id', 'type', 'head')

/** The chats that are loaded. */
export type Chats = ListState<ChatInfo>

/** Dependencies. */
export type ChatListOptions = PagedListOptions & {
  cache: Cache
  chatOf: (id: string) => Chat
  subscriptions: Pick<Subscriptions, 'isCrowded'>
  /** The interval at which chats are looked for that are not followed and have been active. */
  refreshMs: number
  /** Resolves when it is known who the user is. */
  identify: () => Promise<string>
}

/**
 * The chats: loaded and followed as long as somebody has subscribed. Those beyond the end of what is loaded, and those
 * for which the socket has no room, come up when they have been active: it is looked for that every so often, when the
 * page is looked at again, and when the user is mentioned.
 */
export class ChatList extends PagedList<ChatInfo> {
  protected readonly path = `/chats?limit=${String(PAGE_SIZE)}`
  readonly #options: ChatListOptions
  /** In their order, by their ids; `release` ends the following. */
  #chats = new Map<string, { info: ChatInfo, readonly release: () => void }>()
  /** The latest activity in the list. */
  #activeAt = 0
  /** What was seen last, shown as long as nothing is loaded. */
  #kept: readonly ChatInfo[] = []

  constructor (options: ChatListOptions) {
    super(options)
    this.#options = options
    options.connection.on('state', () => void this.#keepUp())
  }

  /** Puts a chat at the top. */
  add (id: string): void {
    if (!this.isLoaded) return
    const chat = this.#options.chatOf(id)
    chat.revive()
    chat.refresh().then(() => {
      if (this.isUsed) this.#raise([id])
    }, () => undefined)
  }

  /** Takes a chat out. */
  remove (id: string): void {
    this.#chats.get(id)?.release()
    if (this.#chats.delete(id)) this.showSoon()
  }

  /** An event has come in a chat: it is the latest active one. */
  noteEvent ({ type, chat }: ChatEvent): void {
    if (type !== 'message.created' || !this.isLoaded) return
    // What is followed from elsewhere may have an event before anything else is known of it.
    if (this.#options.chatOf(chat).info === null) this.add(chat)
    else this.#raise([chat])
  }

  /** What is known of a chat has changed. */
  noteChanged ({ id, info }: Chat): void {
    const listed = this.#chats.get(id)
    if (listed === undefined || info === null) return
    listed.info = info
    this.showSoon()
  }

  /** Loads what is missing, or has been active elsewhere, if somebody needs it. */
  override loadAgain (): void {
    if (this.isUsed && !this.isLoaded) void this.#recall()
    super.loadAgain()
    this.#catchUp().catch(() => undefined)
  }

  protected onUsed (): () => void {
    return () => queueMicrotask(() => {
      // Another subscriber may come at once.
      if (!this.isUsed) this.reset()
    })
  }

  protected take (items: readonly ChatInfo[]): void {
    for (const info of items) {
      this.#begin(info)
      if (!this.#chats.has(info.id)) this.#chats.set(info.id, this.#list(info))
    }
  }

  protected list (): readonly ChatInfo[] {
    if (!this.isLoaded) return this.#kept
    const items = Array.from(this.#chats.values(), ({ info }) => info)
    this.#options.cache.keep(CHAT_LIST, () => items.slice(0, PAGE_SIZE))
    return items
  }

  protected clear (): void {
    for (const { release } of this.#chats.values()) release()
    this.#chats.clear()
    this.#kept = []
    this.#activeAt = 0
  }

  async #keepUp (): Promise<void> {
    const { connection, refreshMs } = this.#options
    if (connection.state === 'online') this.loadAgain()
    while (connection.state === 'online') {
      await connection.pauses.wait(refreshMs)
      await this.#catchUp().catch(() => undefined)
    }
  }

  /** Takes in what has happened since the last time. */
  async #catchUp (): Promise<void> {
    if (!this.isUsed || !this.isLoaded || !(this.hasMore || this.#options.subscriptions.isCrowded)) return
    const isCurrent = this.begin()
    const since = this.#activeAt - MARGIN_MS
    const active: ChatInfo[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const { items, next } = await this.fetch(cursor)
      if (!isCurrent()) return
      const recent = items.filter((info) => activityOf(info) > since)
      active.push(...recent)
      cursor = recent.length < items.length ? null : next
    }
    // Events have raised the others.
    const news = active.filter(({ id, head }) => head > (this.#chats.get(id)?.info.head ?? -1))
    for (const info of news) this.#begin(info)
    this.#raise(news.map(({ id }) => id))
  }

  #begin (info: ChatInfo): void {
    this.#activeAt = Math.max(this.#activeAt, activityOf(info))
    this.#options.chatOf(info.id).beginAt(info)
  }

  /** Puts chats at the top: those of the list, and others that the user is in. */
  #raise (ids: readonly string[]): void {
    const [first] = this.#chats.keys()
    if (ids.every((id) => id === first)) return
    const raised = ids.flatMap((id) => {
      const { info } = this.#options.chatOf(id)
      const listed = this.#chats.get(id) ?? (info?.me?.role == null ? undefined : this.#list(info))
      return listed === undefined ? [] : [[id, listed] as const]
    })
    for (const id of ids) this.#chats.delete(id)
    this.#chats = new Map([...raised, ...this.#chats])
    this.showSoon()
  }

  async #recall (): Promise<void> {
    const { cache, chatOf, identify } = this.#options
    const isCurrent = this.begin()
    await identify()
    const kept = await cache.read(CHAT_LIST)
    if (!Array.isArray(kept) || !isCurrent() || this.isLoaded) return
    this.#kept = kept.filter(isInfo)
    for (const info of this.#kept) chatOf(info.id).recall(info)
    this.show()
  }

  #list (info: ChatInfo) {
    const chat = this.#options.chatOf(info.id)
    return { info: chat.info ?? info, release: chat.followIfRoom() }
  }
}
