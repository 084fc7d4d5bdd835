/**
 * A part of a chat as a live collection: around a message, or around the first unread one. It holds at most
 * {@link MAX_MESSAGES}: what is loaded at one end is dropped at the other, so that a chat of any length can be read.
 */
import type { ConfabClient } from '../client.ts'
import { LiveState } from '../live.ts'
import { type ConfabProblem, problemOf } from '../problem.ts'
import { applyEvent, type ListedMessage, openTimeline, removeMessage, type Timeline } from '../state/timeline.ts'
import { type ChatEvent, type FeedEvent, type MessageJson, type Page, withFields } from '../types.ts'

const PAGE_SIZE = 50
/** The most messages in memory. */
export const MAX_MESSAGES = 600

const isPage = withFields<Page<MessageJson> & { head: number }>('items', 'next', 'prev', 'head')

/** What a window shows, oldest first. */
export type WindowMessages = {
  readonly items: readonly ListedMessage[]
  readonly hasOlder: boolean
  readonly hasNewer: boolean
  readonly isLoading: boolean
  readonly problem: ConfabProblem | null
}

/** Options of {@link MessageWindow}. */
export type MessageWindowOptions = {
  client: ConfabClient
  /** The id of the chat. */
  chat: string
  /** The seq in the middle, or the first message that the user has not read. */
  around: number | 'first_unread'
}

/** See the head of this file. It is followed as long as somebody has subscribed. */
export class MessageWindow extends LiveState<WindowMessages> {
  readonly #options: MessageWindowOptions
  #timeline: Timeline | undefined
  #hasNewer = true
  #loading: Promise<void> | undefined
  #problem: ConfabProblem | null = null
  /** Events that came while a page was loaded, which may be older than they are. */
  #since: ChatEvent[] = []

  constructor (options: MessageWindowOptions) {
    super({ items: [], hasOlder: false, hasNewer: true, isLoading: true, problem: null }, () => this.#use())
    this.#options = options
  }

  /** Loads the first page, if it is not loaded. @throws {ConfabProblem} */
  async load (): Promise<void> {
    if (this.#timeline === undefined) await this.#once(`around=${String(this.#options.around)}`, openFirst)
  }

  /** Loads a page of older messages, if there is one. @throws {ConfabProblem} */
  async loadOlder (): Promise<void> {
    const first = this.#timeline?.entries[0]
    if (first === undefined || this.#timeline?.hasOlder !== true) return this.load()
    await this.#once(`before=${String(first.seq)}`, ({ timeline, page, hasNewer }) => {
      const entries = [...page.entries, ...timeline.entries]
      const kept = entries.slice(0, MAX_MESSAGES)
      return {
        timeline: { ...timeline, entries: kept, hasOlder: page.hasOlder },
        hasNewer: hasNewer || kept.length < entries.length
      }
    })
  }

  /** Loads a page of newer messages, if there is one. @throws {ConfabProblem} */
  async loadNewer (): Promise<void> {
    const last = this.#timeline?.entries.at(-1)
    if (last === undefined || !this.#hasNewer) return this.load()
    await this.#once(`after=${String(last.seq)}`, ({ timeline, page, hasNewerPage }) => {
      const entries = [...timeline.entries, ...page.entries]
      const kept = entries.slice(-MAX_MESSAGES)
      return {
        timeline: {
          ...timeline, at: page.at, entries: kept, hasOlder: timeline.hasOlder || kept.length < entries.length
        },
        hasNewer: hasNewerPage
      }
    })
  }

  #use (): () => void {
    const { client, chat } = this.#options
    const ends = [
      client.chat(chat).follow(),
      client.on('event', (event) => this.#take(event)),
      client.on('feed', (event) => this.#hide(event))
    ]
    this.load().catch(() => undefined)
    return () => {
      for (const end of ends) end()
    }
  }

  #take (event: ChatEvent): void {
    if (event.chat !== this.#options.chat) return
    if (this.#loading !== undefined) this.#since.push(event)
    if (this.#timeline === undefined) return
    this.#timeline = this.#apply(this.#timeline, event)
    this.#show()
  }

  /** A new message belongs to the end, which may not be here. */
  #apply (timeline: Timeline, event: ChatEvent): Timeline {
    const isNew = event.type === 'message.created' && event.data?.message.parent === null
    return isNew && this.#hasNewer ? timeline : applyEvent(timeline, event)
  }

  #hide ({ type, chat, data: { seq } }: FeedEvent): void {
    if (type !== 'message.hidden' || chat !== this.#options.chat || typeof seq !== 'number') return
    if (this.#timeline === undefined) return
    this.#timeline = removeMessage(this.#timeline, seq)
    this.#show()
  }

  /** One load at a time. */
  async #once (position: string, join: (loaded: Loaded) => Pick<Loaded, 'timeline' | 'hasNewer'>): Promise<void> {
    this.#loading ??= this.#fetch(position, join).finally(() => {
      this.#loading = undefined
      this.#show()
    })
    this.#show()
    return this.#loading
  }

  async #fetch (position: string, join: (loaded: Loaded) => Pick<Loaded, 'timeline' | 'hasNewer'>): Promise<void> {
    const { client, chat } = this.#options
    this.#since = []
    this.#problem = null
    try {
      const answer = await client.request(`/chats/${chat}/messages?limit=${String(PAGE_SIZE)}&${position}`)
      if (!isPage(answer)) return
      const { items, head, prev, next } = answer
      const page = openTimeline({ items, head, hasOlder: prev !== null }, { me: client.user, parent: null })
      const timeline = this.#timeline ?? page
      const joined = join({ timeline, page, hasNewer: this.#hasNewer, hasNewerPage: next !== null })
      this.#hasNewer = joined.hasNewer
      this.#timeline = this.#since.reduce((shown, event) => this.#apply(shown, event), joined.timeline)
    } catch (error) {
      this.#problem = problemOf(error)
      throw error
    }
  }

  #show (): void {
    const { entries = [], hasOlder = false } = this.#timeline ?? {}
    this.put({
      items: entries.map(({ message }) => message),
      hasOlder,
      hasNewer: this.#hasNewer,
      isLoading: this.#loading !== undefined,
      problem: this.#problem
    })
  }
}

type Loaded = { timeline: Timeline, page: Timeline, hasNewer: boolean, hasNewerPage: boolean }

function openFirst ({ page, hasNewerPage }: Loaded): Pick<Loaded, 'timeline' | 'hasNewer'> {
  return { timeline: page, hasNewer: hasNewerPage }
}
