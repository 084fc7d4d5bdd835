/** The members of a chat as a live collection. */
import type { BackoffBounds } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { CallOptions, Http } from './http.ts'
import { LiveState } from './live.ts'
import { type ConfabProblem, problemOf } from './problem.ts'
import { Reload } from './reload.ts'
import type { ChatLog } from './subscriptions.ts'
import { type ChatEvent, type Member, type Page, withFields } from './types.ts'

const PAGE_SIZE = 200

const isPage = withFields<Page<Member>>('items', 'next')

/** The members that are loaded. */
export type Members = {
  readonly items: readonly Member[]
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly problem: ConfabProblem | null
}

const NONE: Members = { items: [], hasMore: false, isLoading: true, problem: null }

/** The members: loaded and followed as long as somebody has subscribed. */
export class MemberList extends LiveState<Members> {
  readonly #http: Http
  readonly #log: ChatLog
  readonly #reload: Reload
  readonly #members = new Map<string, Member>()
  /** The cursor of the next page; null behind the last one, undefined before the first one. */
  #next: string | null | undefined
  #loading: Promise<void> | undefined
  #uses = 0
  #turn = 0

  constructor (
    { http, log, connection, backoff }: { http: Http, log: ChatLog, connection: Connection, backoff: BackoffBounds }
  ) {
    super(NONE, () => this.#use())
    this.#http = http
    this.#log = log
    this.#reload = new Reload({ connection, backoff, load: () => this.loadAgain() })
  }

  /** Loads the first page, or the next one. @throws {ConfabProblem} */
  async loadMore ({ signal }: CallOptions = {}): Promise<void> {
    if (this.#next !== null) await (this.#loading ??= this.#load(signal))
  }

  /** Applies the next event of the log. */
  apply (event: ChatEvent): void {
    if (this.#next === undefined || event.data === null || !('member' in event.data)) return
    const { member } = event.data
    if (member.user === null) return
    if (event.type === 'member.left' || event.type === 'member.removed') this.#members.delete(member.user)
    else this.#members.set(member.user, { ...this.#members.get(member.user), ...member })
    this.#show()
  }

  /** What is loaded is out of date. */
  reset (): void {
    this.#turn++
    this.#members.clear()
    this.#next = this.#loading = undefined
    this.loadAgain()
  }

  /** Loads what could not be loaded before, if somebody needs it. */
  loadAgain (): void {
    if (this.#uses > 0 && this.#next === undefined) this.loadMore().catch(() => undefined)
  }

  #use (): () => void {
    this.#uses++
    const release = this.#log.use()
    this.loadAgain()
    return () => {
      this.#uses--
      release()
    }
  }

  async #load (signal: AbortSignal | undefined): Promise<void> {
    const turn = this.#turn
    const cursor = typeof this.#next === 'string' ? `&cursor=${encodeURIComponent(this.#next)}` : ''
    try {
      const path = `/chats/${this.#log.chat}/members?limit=${String(PAGE_SIZE)}${cursor}`
      const { items, next } = await this.#http.request(path, isPage, { signal })
      if (turn !== this.#turn) return
      for (const member of items) if (member.user !== null) this.#members.set(member.user, member)
      this.#next = next
      this.#loading = undefined
      this.#show()
      this.#reload.note(null)
    } catch (error) {
      if (turn !== this.#turn) throw error
      const problem = problemOf(error)
      this.#loading = undefined
      this.put({ ...this.getSnapshot(), isLoading: false, problem })
      this.#reload.note(problem)
      throw error
    }
  }

  #show (): void {
    this.put({
      items: [...this.#members.values()],
      hasMore: typeof this.#next === 'string',
      isLoading: this.#loading !== undefined,
      problem: null
    })
  }
}
