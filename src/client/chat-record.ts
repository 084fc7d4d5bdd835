/** What is known of a chat itself: its name, its counts, and whether it is followed. */
import { abortable } from './abort.ts'
import type { CallOptions, Http } from './http.ts'
import { type Live, LiveValue } from './live.ts'
import type { ConfabProblem } from './problem.ts'
import { applyRead, applyToInfo, type ChangedInfo } from './state/chat-info.ts'
import { type ChatEvent, type ChatInfo, withFields } from './types.ts'

/** A chat in which so much happens that its counts are always out of date is not asked for more often. */
const MAX_ATTEMPTS = 3
const isInfo = withFields<ChatInfo>('id', 'type', 'head')

/** A chat as it is known. */
export type ChatState = {
  /** Null before it is loaded. */
  readonly info: ChatInfo | null
  /** `live` as long as its events come in; `ended` when the user may not follow it any more. */
  readonly status: 'idle' | 'live' | 'ended'
  /** Why it has ended. */
  readonly problem: ConfabProblem | null
}

/** Dependencies. */
export type ChatRecordOptions = {
  http: Http
  /** Called when somebody subscribes to it; returns what is called when the last one has gone. */
  onUsed: () => () => void
  onChanged: () => void
}

/** The record of a chat. */
export class ChatRecord {
  readonly #id: string
  readonly #options: ChatRecordOptions
  readonly state: Live<ChatState>
  readonly #state: LiveValue<ChatState>
  #refreshing: Promise<void> | undefined

  constructor (id: string, options: ChatRecordOptions) {
    this.#id = id
    this.#options = options
    this.state = this.#state = new LiveValue<ChatState>({ info: null, status: 'idle', problem: null }, options.onUsed)
  }

  get info (): ChatInfo | null {
    return this.#state.getSnapshot().info
  }

  /** Resolves when the chat is followed. @throws {ConfabProblem} why it cannot be; or the signal's reason */
  async ready ({ signal }: CallOptions): Promise<void> {
    let stop = (): void => undefined
    const ready = new Promise<void>((resolve, reject) => {
      const look = () => {
        const { status, problem } = this.#state.getSnapshot()
        if (status === 'live') resolve()
        else if (problem !== null) reject(problem)
      }
      stop = this.#state.subscribe(look)
      look()
    })
    return abortable(ready, signal).finally(() => stop())
  }

  /** Changes it. */
  set (change: Partial<ChatState>): void {
    this.#state.set({ ...this.#state.getSnapshot(), ...change })
    this.#options.onChanged()
  }

  /** Loads it, with the counts of the server. @throws {ConfabProblem} */
  async refresh (): Promise<void> {
    this.#refreshing ??= this.#load().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** The same where a later answer will do as well. */
  refreshSoon (): void {
    this.refresh().catch(() => undefined)
  }

  /** Takes what the server has said. @returns false if it is older than what is known */
  load (info: ChatInfo): boolean {
    if ((this.info?.head ?? 0) > info.head) return false
    this.set({ info })
    return true
  }

  /** Takes what was known before, as long as nothing else is. */
  recall (kept: unknown): void {
    if (this.info === null && isInfo(kept) && kept.id === this.#id) this.set({ info: kept })
  }

  /** Applies the next event of the log. @param me the user */
  apply (event: ChatEvent, me: string | null): void {
    if (this.info !== null) this.#put(applyToInfo(this.info, event, me))
  }

  /** Moves the read mark of the user. */
  applyRead (seq: number): void {
    if (this.info !== null) this.#put(applyRead(this.info, seq))
  }

  async #load (): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
      if (this.load(await this.#options.http.request(`/chats/${this.#id}`, isInfo))) return
  }

  #put ({ info, isStale }: ChangedInfo): void {
    this.set({ info })
    if (isStale) this.refreshSoon()
  }
}
