/** The messages of a chat, or of a thread, as a live collection. */
import type { CallOptions, Http } from './http.ts'
import { Loadable, type LoadableOptions, type LoadState } from './loadable.ts'
import type { ConfabProblem } from './problem.ts'
import { type Outgoing, type PendingChange, withPending } from './state/pending.ts'
import {
  addOlder, applyEvent, type ListedMessage, oldestOf, openTimeline, removeMessage, replaceMessage, type Timeline
} from './state/timeline.ts'
import type { ChatLog } from './subscriptions.ts'
import { type ChatEvent, type MessageJson, type Page, withFields } from './types.ts'

const PAGE_SIZE = 50

const isPage = withFields<Page<MessageJson> & { head: number }>('items', 'prev', 'head')

/** The messages that are loaded, oldest first, those on their way last. */
export type Messages = LoadState & { readonly items: readonly ListedMessage[], readonly hasOlder: boolean }

/** What the server answers to a change of a message. */
export type Written = { readonly seq: number | null, readonly message: MessageJson }

/** Dependencies. */
export type MessageListOptions = LoadableOptions & {
  log: ChatLog
  http: Http
  /** Resolves when it is known who the user is. */
  identify: () => Promise<string>
  /** The messages of the chat that are not stored yet. */
  outgoing: () => readonly Outgoing[]
  /** Returns the messages that were kept, to be shown until those of the server come. */
  recall?: (() => Promise<Timeline | undefined>) | undefined
  /** Called when messages of the server have come, or have changed. */
  onChange?: ((timeline: Timeline) => void) | undefined
}

const NOTHING: Timeline = { parent: null, me: null, at: 0, entries: [], hasOlder: false }
const NONE: Messages = { items: [], hasOlder: false, isLoading: true, problem: null }

/** The messages. The newest are loaded and followed as long as somebody has subscribed. */
export class MessageList extends Loadable<Messages> {
  readonly #options: MessageListOptions
  readonly #parent: number | null
  #timeline: Timeline | undefined
  /** What was seen last, shown as long as nothing is loaded. */
  #kept: Timeline | undefined
  #shown: Timeline | undefined
  #changes: readonly PendingChange[] = []
  /** Stored messages whose events have not come yet. */
  #sent: readonly Outgoing[] = []
  /** Events that come while a page is loaded: the page may be older than they are. */
  #since: ChatEvent[] = []
  #corrected = Promise.resolve()

  constructor (options: MessageListOptions, parent: number | null = null) {
    super(NONE, options)
    this.#options = options
    this.#parent = parent
  }

  /** Loads the newest messages, if they are not loaded. @throws {ConfabProblem} */
  async load ({ signal }: CallOptions = {}): Promise<void> {
    if (this.#timeline !== undefined) return
    await this.run(async (isCurrent) => {
      this.#since = []
      const me = await this.#options.identify()
      void this.#recall()
      const page = await this.#options.log.holdFor(this.#fetchWhole(signal, isCurrent))
      if (!isCurrent()) return
      this.#options.log.begin(page.head)
      this.#timeline = this.#since.reduce(applyEvent, openTimeline(page, { me, parent: this.#parent }))
    })
  }

  /** Loads a page of older messages, if there is one. @throws {ConfabProblem} */
  async loadOlder ({ signal }: CallOptions = {}): Promise<void> {
    if (this.#timeline === undefined) return this.load({ signal })
    const before = oldestOf(this.#timeline)
    if (before === undefined || !this.#timeline.hasOlder) return
    await this.run(async (isCurrent) => {
      this.#since = []
      const page = await this.#fetch(`&before=${String(before)}`, signal)
      if (!isCurrent() || this.#timeline === undefined) return
      this.#timeline = this.#since.reduce(applyEvent, addOlder(this.#timeline, page))
    })
  }

  /** Applies the next event of the log. */
  apply (event: ChatEvent): void {
    if (this.isLoading) this.#since.push(event)
    if (event.type === 'message.edited' || event.type === 'message.deleted')
      this.#correctKept((kept) => applyEvent(kept, event))
    if (this.#timeline === undefined) return
    const timeline = this.#timeline = applyEvent(this.#timeline, event)
    this.#sent = this.#sent.filter(({ seq }) => (seq ?? 0) > timeline.at)
    this.show()
  }

  /** Takes out a message that is hidden from the user. */
  hide (seq: number): void {
    this.#correctKept((kept) => removeMessage(kept, seq))
    if (this.#timeline === undefined) return
    this.#timeline = removeMessage(this.#timeline, seq)
    this.show()
  }

  /** What is loaded is void, or out of date: it is loaded again, at once if somebody needs it. */
  reset (): void {
    this.#clear(null)
    this.loadAgain()
  }

  /** Empties it. @param problem why there are no messages */
  end (problem: ConfabProblem): void {
    this.#clear(problem)
    this.show()
  }

  loadAgain (): void {
    if (this.isUsed) this.load().catch(() => undefined)
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

  show (): void {
    const timeline = this.#timeline ?? this.#kept ?? { ...NOTHING, parent: this.#parent }
    this.put({
      items: withPending(timeline, this.#changes, [...this.#sent, ...this.#options.outgoing()]),
      hasOlder: timeline.hasOlder,
      ...this.loadState(this.#timeline !== undefined)
    })
    if (this.#timeline === undefined || this.#timeline === this.#shown) return
    this.#shown = this.#timeline
    this.#options.onChange?.(this.#timeline)
  }

  protected onUsed (): () => void {
    return this.#options.log.use()
  }

  /** What is kept shows no text that was deleted or replaced, either, also where the messages are not loaded. */
  #correctKept (correct: (kept: Timeline) => Timeline): void {
    if (this.#timeline === undefined) this.#corrected = this.#corrected.then(async () => {
      const kept = await this.#options.recall?.()
      if (kept !== undefined && this.#timeline === undefined) this.#options.onChange?.(correct(kept))
    })
  }

  #clear (problem: ConfabProblem | null): void {
    this.void(problem)
    this.#timeline = this.#kept = undefined
  }

  async #recall (): Promise<void> {
    const isCurrent = this.begin()
    const kept = await this.#options.recall?.()
    if (kept === undefined || !isCurrent() || this.#timeline !== undefined) return
    this.#kept = kept
    this.show()
  }

  /** A page that is older than events which came before it was asked for would leave these out. */
  async #fetchWhole (signal: AbortSignal | undefined, isCurrent: () => boolean) {
    for (;;) {
      const page = await this.#fetch('', signal)
      const known = this.#options.log.sequence.seq ?? 0
      const first = this.#since[0]?.seq ?? known + 1
      if (!isCurrent() || first <= page.head + 1) return page
    }
  }

  async #fetch (position: string, signal: AbortSignal | undefined) {
    const { log: { chat }, http } = this.#options
    const parent = this.#parent === null ? '' : `&parent=${String(this.#parent)}`
    const path = `/chats/${chat}/messages?limit=${String(PAGE_SIZE)}${position}${parent}`
    const { items, prev, head } = await http.request(path, isPage, { signal })
    return { items, head, hasOlder: prev !== null }
  }
}
