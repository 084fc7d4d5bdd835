/** The messages of a chat, or of a thread, as a live collection. */
import type { BackoffBounds } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { CallOptions, Http } from './http.ts'
import { LiveState } from './live.ts'
import { type ConfabProblem, problemOf } from './problem.ts'
import { Reload } from './reload.ts'
import { type Outgoing, type PendingChange, withPending } from './state/pending.ts'
import {
  addOlder, applyEvent, type ListedMessage, oldestOf, openTimeline, removeMessage, replaceMessage, type Timeline
} from './state/timeline.ts'
import type { ChatLog } from './subscriptions.ts'
import { type ChatEvent, type MessageJson, type Page, withFields } from './types.ts'

const PAGE_SIZE = 50

const isPage = withFields<Page<MessageJson> & { head: number }>('items', 'prev', 'head')

/** The messages that are loaded, oldest first, those on their way last. */
export type Messages = {
  readonly items: readonly ListedMessage[]
  readonly hasOlder: boolean
  readonly isLoading: boolean
  /** Why they could not be loaded. */
  readonly problem: ConfabProblem | null
}

/** What the server answers to a change of a message. */
export type Written = { readonly seq: number | null, readonly message: MessageJson }

/** Dependencies. */
export type MessageListOptions = {
  log: ChatLog
  http: Http
  /** Resolves when it is known who the user is. */
  identify: () => Promise<string>
  /** The messages of the chat that are not stored yet. */
  outgoing: () => readonly Outgoing[]
  connection: Connection
  backoff: BackoffBounds
  /** Returns the messages that were kept, to be shown until those of the server come. */
  recall?: (() => Promise<Timeline | undefined>) | undefined
  /** Called when messages of the server have come, or have changed. */
  onChange?: ((timeline: Timeline) => void) | undefined
}

const NOTHING: Timeline = { parent: null, me: null, at: 0, entries: [], hasOlder: false }
const NONE: Messages = { items: [], hasOlder: false, isLoading: true, problem: null }

/** The messages. The newest are loaded and followed as long as somebody has subscribed. */
export class MessageList extends LiveState<Messages> {
  readonly #options: MessageListOptions
  readonly #parent: number | null
  readonly #reload: Reload
  #timeline: Timeline | undefined
  /** What was seen last, shown as long as nothing is loaded. */
  #kept: Timeline | undefined
  #shown: Timeline | undefined
  #changes: readonly PendingChange[] = []
  /** Stored messages whose events have not come yet. */
  #sent: readonly Outgoing[] = []
  /** Events that come while a page is loaded: the page may be older than they are. */
  #since: ChatEvent[] = []
  #loading: Promise<void> | undefined
  /** Counts the beginnings: what was loaded before the last one is void. */
  #turn = 0
  #uses = 0
  #problem: ConfabProblem | null = null

  constructor (options: MessageListOptions, parent: number | null = null) {
    super(NONE, () => this.#use())
    this.#options = options
    this.#parent = parent
    const { connection, backoff } = options
    this.#reload = new Reload({ connection, backoff, load: () => this.loadAgain() })
  }

  /** Loads the newest messages, if they are not loaded. @throws {ConfabProblem} */
  async load ({ signal }: CallOptions = {}): Promise<void> {
    if (this.#timeline !== undefined) return
    await this.#begin(signal)
  }

  /** Loads a page of older messages, if there is one. @throws {ConfabProblem} */
  async loadOlder ({ signal }: CallOptions = {}): Promise<void> {
    if (this.#timeline === undefined) return this.load({ signal })
    const before = oldestOf(this.#timeline)
    if (before === undefined || !this.#timeline.hasOlder) return
    await (this.#loading ??= this.#run(async () => {
      const turn = this.#turn
      const page = await this.#fetch(`&before=${String(before)}`, signal)
      if (turn !== this.#turn || this.#timeline === undefined) return
      this.#timeline = this.#since.reduce(applyEvent, addOlder(this.#timeline, page))
    }))
  }

  /** Applies the next event of the log. */
  apply (event: ChatEvent): void {
    if (this.#loading !== undefined) this.#since.push(event)
    if (this.#timeline === undefined) return
    const timeline = this.#timeline = applyEvent(this.#timeline, event)
    this.#sent = this.#sent.filter(({ seq }) => (seq ?? 0) > timeline.at)
    this.show()
  }

  /** Takes out a message that is hidden from the user. */
  hide (seq: number): void {
    if (this.#timeline === undefined) return
    this.#timeline = removeMessage(this.#timeline, seq)
    this.show()
  }

  /** What is loaded is void, or out of date: it is loaded again, at once if somebody needs it. */
  reset (): void {
    this.#turn++
    this.#timeline = this.#kept = undefined
    this.#loading = undefined
    this.#since = []
    this.#problem = null
    this.loadAgain()
  }

  /** Empties it. @param problem why there are no messages */
  end (problem: ConfabProblem): void {
    this.#turn++
    this.#timeline = this.#kept = undefined
    this.#loading = undefined
    this.#problem = problem
    this.show()
  }

  /** Loads what could not be loaded before, if somebody needs it. */
  loadAgain (): void {
    if (this.#uses > 0) this.load().catch(() => undefined)
  }

  /** Shows a message that is stored until its event has come. */
  noteSent (message: Outgoing, seq: number): void {
    if (this.#timeline !== undefined) this.#sent = [...this.#sent, { ...message, seq }]
  }

  /** Shows a change of a message at once, and takes it back if the server refuses it. */
  async change (change: PendingChange, act: () => Promise<Written>): Promise<void> {
    this.#changes = [...this.#changes, change]
    this.show()
    try {
      const { seq, message } = await act()
      if (this.#timeline !== undefined) this.#timeline = replaceMessage(this.#timeline, message, seq)
    } finally {
      this.#changes = this.#changes.filter((one) => one !== change)
      this.show()
    }
  }

  /** Brings the snapshot up to date. */
  show (): void {
    const timeline = this.#timeline ?? this.#kept ?? { ...NOTHING, parent: this.#parent }
    const problem = this.#problem
    this.put({
      items: withPending(timeline, this.#changes, [...this.#sent, ...this.#options.outgoing()]),
      hasOlder: timeline.hasOlder,
      isLoading: this.#loading !== undefined || (this.#timeline === undefined && problem === null),
      problem
    })
    if (this.#timeline === undefined || this.#timeline === this.#shown) return
    this.#shown = this.#timeline
    this.#options.onChange?.(this.#timeline)
  }

  async #recall (turn: number): Promise<void> {
    const kept = await this.#options.recall?.()
    if (kept === undefined || turn !== this.#turn || this.#timeline !== undefined) return
    this.#kept = kept
    this.show()
  }

  #use (): () => void {
    this.#uses++
    const release = this.#options.log.use()
    this.load().catch(() => undefined)
    return () => {
      this.#uses--
      release()
    }
  }

  async #begin (signal?: AbortSignal): Promise<void> {
    await (this.#loading ??= this.#run(async () => {
      const turn = this.#turn
      const me = await this.#options.identify()
      void this.#recall(turn)
      const page = await this.#options.log.holdFor(this.#fetchWhole(signal, turn))
      if (turn !== this.#turn) return
      this.#options.log.begin(page.head)
      this.#timeline = this.#since.reduce(applyEvent, openTimeline(page, { me, parent: this.#parent }))
    }))
  }

  /** A page that is older than events which came before it was asked for would leave these out. */
  async #fetchWhole (signal: AbortSignal | undefined, turn: number) {
    for (;;) {
      const page = await this.#fetch('', signal)
      const known = this.#options.log.sequence.seq ?? 0
      const first = this.#since[0]?.seq ?? known + 1
      if (turn !== this.#turn || first <= page.head + 1) return page
    }
  }

  async #fetch (position: string, signal: AbortSignal | undefined) {
    const { log: { chat }, http } = this.#options
    const parent = this.#parent === null ? '' : `&parent=${String(this.#parent)}`
    const path = `/chats/${chat}/messages?limit=${String(PAGE_SIZE)}${position}${parent}`
    const { items, prev, head } = await http.request(path, isPage, { signal })
    return { items, head, hasOlder: prev !== null }
  }

  /** One load at a time. */
  async #run (load: () => Promise<void>): Promise<void> {
    const turn = this.#turn
    this.#since = []
    this.#problem = null
    this.put({ ...this.getSnapshot(), isLoading: true, problem: null })
    try {
      await load()
    } catch (error) {
      if (turn === this.#turn) this.#problem = problemOf(error)
      throw error
    } finally {
      if (turn === this.#turn) {
        this.#loading = undefined
        this.show()
        this.#reload.note(this.#problem)
      }
    }
  }
}
