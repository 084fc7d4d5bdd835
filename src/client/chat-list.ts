/** The chats of the user as a live collection, the latest active first. */
import type { BackoffBounds } from './backoff.ts'
import { type Cache, CHAT_LIST } from './cache.ts'
import type { Chat } from './chat.ts'
import type { Connection } from './connection.ts'
import type { CallOptions, Http } from './http.ts'
import { LiveState } from './live.ts'
import { type ConfabProblem, problemOf } from './problem.ts'
import { Reload } from './reload.ts'
import { type ChatEvent, type ChatInfo, type Page, withFields } from './types.ts'

const PAGE_SIZE = 100

const isPage = withFields<Page<ChatInfo>>('items', 'next')
const isInfo = withFields<ChatInfo>('id', 'type', 'head')

/** The chats that are loaded. */
export type Chats = {
  readonly items: readonly ChatInfo[]
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly problem: ConfabProblem | null
}

const NONE: Chats = { items: [], hasMore: false, isLoading: true, problem: null }

/** Dependencies. */
export type ChatListOptions = {
  http: Http
  connection: Connection
  backoff: BackoffBounds
  cache: Cache
  chatOf: (id: string) => Chat
  /** Resolves when it is known who the user is. */
  identify: () => Promise<string>
}

/** The chats: loaded and followed as long as somebody has subscribed. */
export class ChatList extends LiveState<Chats> {
  readonly #options: ChatListOptions
  /** The ids in their order, each with the end of its following. */
  #chats = new Map<string, () => void>()
  readonly #reload: Reload
  #next: string | null | undefined
  /** What was seen last, shown as long as nothing is loaded. */
  #kept: readonly ChatInfo[] = []
  #loading: Promise<void> | undefined
  #problem: ConfabProblem | null = null
  #isUsed = false
  #isShowing = false
  #turn = 0

  constructor (options: ChatListOptions) {
    super(NONE, () => this.#use())
    this.#options = options
    const { connection, backoff } = options
    this.#reload = new Reload({ connection, backoff, load: () => this.loadAgain() })
  }

  /** Loads the first page, or the next one. @throws {ConfabProblem} */
  async loadMore ({ signal }: CallOptions = {}): Promise<void> {
    if (this.#next !== null) await (this.#loading ??= this.#load(signal))
  }

  /** Puts a chat at the top. */
  async add (id: string): Promise<void> {
    if (this.#next === undefined) return
    const chat = this.#options.chatOf(id)
    chat.revive()
    await chat.refresh()
    if (!this.#isUsed || chat.info === null || this.#chats.has(id)) return
    this.#chats = new Map([this.#entryOf(chat.info), ...this.#chats])
    this.#showSoon()
  }

  /** Takes a chat out. */
  remove (id: string): void {
    this.#chats.get(id)?.()
    if (this.#chats.delete(id)) this.#showSoon()
  }

  /** An event has come in a chat: it is the latest active one. */
  noteEvent ({ type, chat }: ChatEvent): void {
    const release = this.#chats.get(chat)
    if (release === undefined || type !== 'message.created') return
    this.#chats.delete(chat)
    this.#chats = new Map([[chat, release], ...this.#chats])
    this.#showSoon()
  }

  /** What is known of a chat has changed. */
  noteChanged ({ id }: Chat): void {
    if (this.#chats.has(id)) this.#showSoon()
  }

  /** What is loaded is out of date. */
  reset (): void {
    this.#turn++
    this.#releaseAll()
    this.#next = this.#loading = undefined
    this.#kept = []
    this.loadAgain()
  }

  /** Loads what could not be loaded before, if somebody needs it. */
  loadAgain (): void {
    if (this.#isUsed && this.#next === undefined) this.loadMore().catch(() => undefined)
  }

  #use (): () => void {
    this.#isUsed = true
    this.loadAgain()
    return () => {
      this.#isUsed = false
      // Another subscriber may come at once.
      queueMicrotask(() => {
        if (!this.#isUsed) this.reset()
      })
    }
  }

  async #load (signal: AbortSignal | undefined): Promise<void> {
    const turn = this.#turn
    const cursor = typeof this.#next === 'string' ? `&cursor=${encodeURIComponent(this.#next)}` : ''
    this.#problem = null
    if (this.#next === undefined) void this.#recall(turn)
    try {
      const { items, next } = await this.#options.http.request(
        `/chats?limit=${String(PAGE_SIZE)}${cursor}`, isPage, { signal }
      )
      if (turn !== this.#turn) return
      for (const info of items) {
        this.#options.chatOf(info.id).beginAt(info)
        if (!this.#chats.has(info.id)) this.#chats.set(...this.#entryOf(info))
      }
      this.#next = next
    } catch (error) {
      if (turn === this.#turn) this.#problem = problemOf(error)
      throw error
    } finally {
      if (turn === this.#turn) {
        this.#loading = undefined
        this.#show()
        this.#reload.note(this.#problem)
      }
    }
  }

  async #recall (turn: number): Promise<void> {
    const { cache, chatOf, identify } = this.#options
    await identify()
    const kept = await cache.read(CHAT_LIST)
    if (!Array.isArray(kept) || turn !== this.#turn || this.#next !== undefined) return
    this.#kept = kept.filter(isInfo)
    for (const info of this.#kept) chatOf(info.id).recall(info)
    this.#show()
  }

  #entryOf ({ id }: ChatInfo): [string, () => void] {
    return [id, this.#options.chatOf(id).follow()]
  }

  #releaseAll (): void {
    for (const release of this.#chats.values()) release()
    this.#chats.clear()
  }

  /** Many events of one moment are shown together. */
  #showSoon (): void {
    if (this.#isShowing) return
    this.#isShowing = true
    queueMicrotask(() => {
      this.#isShowing = false
      this.#show()
    })
  }

  #show (): void {
    const { cache, chatOf } = this.#options
    const items = this.#next === undefined ? this.#kept : [...this.#chats.keys()].flatMap((id) => chatOf(id).info ?? [])
    if (this.#next !== undefined) cache.keep(CHAT_LIST, () => items.slice(0, PAGE_SIZE))
    this.put({
      items,
      hasMore: typeof this.#next === 'string',
      isLoading: this.#loading !== undefined || (this.#next === undefined && this.#problem === null),
      problem: this.#problem
    })
  }
}
