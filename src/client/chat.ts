/** A chat: its state, and what the user may do in it. */
import type { ChatOptions } from './chat-options.ts'
import { ChatRecord, type ChatState } from './chat-record.ts'
import type { CallOptions, Http, RequestOptions } from './http.ts'
import { type Live, LiveValue } from './live.ts'
import { MemberList } from './member-list.ts'
import { MessageList, type MessageListOptions, type Written } from './message-list.ts'
import { editMessage, type MessageEdit, writeMessage } from './message-requests.ts'
import type { SendOptions, Sent } from './outbox.ts'
import { ReadMarks } from './read-marks.ts'
import { activityOf } from './state/chat-info.ts'
import type { Outgoing, PendingChange } from './state/pending.ts'
import { latestOf, type Timeline } from './state/timeline.ts'
import type { ChatLog, Follower } from './subscriptions.ts'
import { Thread } from './thread.ts'
import { Typing } from './typing.ts'
import { type ChatEvent, type ChatInfo, type Receipt, withFields } from './types.ts'

/** The messages that are kept of a chat. */
const MAX_KEPT = 50

const isTimeline = withFields<Timeline>('at', 'entries', 'hasOlder')
const isKept = withFields<{ info: unknown, timeline: unknown }>('info', 'timeline')

/** A chat. It is followed as long as one of its collections has a subscriber, or {@link Chat.follow} says so. */
export class Chat {
  readonly id: string
  readonly messages: MessageList
  readonly members: MemberList
  /** Users who are typing. */
  readonly typing: Live<readonly string[]>
  /** Up to which seq users have read the chat, as far as they share it. */
  readonly receipts: Live<Readonly<Record<string, number>>>
  readonly #options: ChatOptions
  readonly #log: ChatLog
  readonly #record: ChatRecord
  readonly #receipts = new LiveValue<Readonly<Record<string, number>>>({})
  readonly #typing = new Typing()
  readonly #threads = new Map<number, Thread>()
  readonly #marks: ReadMarks

  constructor (id: string, options: ChatOptions) {
    this.id = id
    this.#options = options
    this.#marks = new ReadMarks(id, options.connection)
    this.#log = options.subscriptions.add(id, this.#follower())
    this.#record = new ChatRecord(id, {
      http: options.http,
      onUsed: () => {
        if (this.info === null) {
          void options.identify().then(() => this.#readKept())
          this.#record.refreshSoon()
        }
        return this.#log.use()
      },
      onChanged: () => options.observer.onChanged(this)
    })
    this.typing = this.#typing.users
    this.receipts = this.#receipts
    this.messages = new MessageList({
      ...this.#optionsOfLists(),
      recall: () => this.#readKept(),
      onChange: (timeline) => options.cache.keepChat(id, () =>
        ({ info: this.info, timeline: latestOf(timeline, MAX_KEPT) }))
    })
    this.members = new MemberList(this.#optionsOfLists())
  }

  /** What is known of the chat; null before it is loaded. */
  get info (): ChatInfo | null {
    return this.#record.info
  }

  /** The same with its status, as a live value. */
  get state (): Live<ChatState> {
    return this.#record.state
  }

  /** The replies to a message. */
  thread (seq: number): Thread {
    const known = this.#threads.get(seq)
    if (known !== undefined) return known
    const thread = new Thread({
      ...this.#optionsOfLists(),
      send: (text, options) => this.send(text, options),
      markRead: (last, parent) => this.#marks.move(last, parent)
    }, seq)
    this.#threads.set(seq, thread)
    return thread
  }

  /** Follows the chat, so that its events are emitted. @returns a function that ends that */
  follow (): () => void {
    return this.#log.use()
  }

  /** The same for one of many in a list: where there is no room for all, those that are used come first. */
  followIfRoom (): () => void {
    return this.#log.list()
  }

  /** Resolves when the chat is followed. @throws {ConfabProblem} why it cannot be; or the signal's reason */
  async ready (options: CallOptions = {}): Promise<void> {
    return this.#record.ready(options)
  }

  /** Sends a message. It shows at once, waits while there is no connection, and is stored once. See {@link Outbox}. */
  send (text: string, options: SendOptions = {}): Promise<Sent> {
    this.#typing.noteSent()
    return this.#options.outbox.send(this.id, text, options)
  }

  /** Sends a message once more that has failed. @param clientId its `client_id` */
  retry (clientId: string): void {
    this.#options.outbox.retry(this.id, clientId)
  }

  /** Drops a message that is not stored. @param clientId its `client_id` */
  discard (clientId: string): void {
    this.#options.outbox.discard(this.id, clientId)
  }

  /**
   * Replaces the text of a message, or merges its data (RFC 7396). With `version` it fails with `version_conflict`
   * instead of overwriting what the user has not seen. @throws {ConfabProblem}
   */
  async edit (seq: number, { signal, ...edit }: MessageEdit & CallOptions): Promise<void> {
    const { text, data } = edit
    await this.#change({ kind: 'edit', seq, text, data }, (http, path) => editMessage(http, path, { ...edit, signal }))
  }

  /** Deletes a message: for all, or for the user alone. @throws {ConfabProblem} */
  async delete (seq: number, { for: scope = 'all', signal }: { for?: 'all' | 'me' } & CallOptions = {}): Promise<void> {
    if (scope === 'me') {
      await this.#options.http.send(`${this.#pathOf(seq)}?for=me`, { method: 'DELETE', signal })
      this.hide(seq)
      return
    }
    await this.#change({ kind: 'delete', seq, at: new Date().toISOString() }, (http, path) =>
      writeMessage(http, path, { method: 'DELETE', signal }))
  }

  /** Reacts to a message. @throws {ConfabProblem} */
  async react (seq: number, emoji: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#react('react', { seq, emoji }, { method: 'PUT', signal })
  }

  /** Takes a reaction back. @throws {ConfabProblem} */
  async unreact (seq: number, emoji: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#react('unreact', { seq, emoji }, { method: 'DELETE', signal })
  }

  /** Marks the chat as read up to a seq, by default all of it. Without a connection it is marked later. */
  markRead (seq: number = Math.max(this.info?.head ?? 0, this.#log.sequence.seq ?? 0)): void {
    if (seq <= (this.info?.me?.read_seq ?? 0) || !this.#marks.move(seq)) return
    this.#record.applyRead(seq)
  }

  /** Shows the others that the user is typing: may be called with every key. */
  notifyTyping (): void {
    if (this.#typing.isDue()) this.#options.connection.post({ type: 'typing', chat: this.id })
  }

  /** Loads what is known of the chat, with the counts of the server. @throws {ConfabProblem} */
  async refresh (): Promise<void> {
    return this.#record.refresh()
  }

  /** Takes what the server has said of the chat. */
  load (info: ChatInfo): void {
    this.#record.load(info)
  }

  /** Takes what was known of the chat before, as long as nothing else is. */
  recall (info: ChatInfo): void {
    this.#record.recall(info)
  }

  /** Nobody is known to be typing any more. */
  forgetTyping (): void {
    this.#typing.clear()
  }

  /** Begins behind what the list of chats shows. */
  beginAt (info: ChatInfo): void {
    this.load(info)
    this.#log.begin(info.head)
    this.#log.noteActive(activityOf(info))
  }

  /** The user is in the chat again. */
  revive (): void {
    if (this.state.getSnapshot().status === 'ended') this.#record.set({ status: 'idle', problem: null })
    this.#log.revive()
  }

  /** Takes out a message that is hidden from the user. */
  hide (seq: number): void {
    for (const list of this.#lists) list.hide(seq)
    if (this.info?.last_message?.seq === seq) this.#record.refreshSoon()
  }

  /** The messages on their way have changed. */
  showOutgoing (): void {
    for (const list of this.#lists) list.show()
  }

  /** A message is stored. */
  noteSent (message: Outgoing, seq: number): void {
    for (const list of this.#lists) list.noteSent(message, seq)
  }

  /** A user is typing. */
  noteTyping (user: string, until: string): void {
    if (user !== this.#options.me()) this.#typing.note(user, until)
  }

  /** A user has read the chat. */
  noteRead ({ user, seq }: Receipt): void {
    const known = this.#receipts.getSnapshot()
    if (seq > (known[user] ?? 0)) this.#receipts.set({ ...known, [user]: seq })
    if (user === this.#options.me()) this.#record.applyRead(seq)
  }

  get #lists (): MessageList[] {
    return [this.messages, ...this.#threads.values()]
  }

  #optionsOfLists (): MessageListOptions {
    return { ...this.#options, log: this.#log, outgoing: () => this.#options.outbox.of(this.id) }
  }

  /** What was seen last, for a start without a connection. */
  async #readKept (): Promise<Timeline | undefined> {
    const kept = await this.#options.cache.read(this.id)
    if (!isKept(kept)) return undefined
    this.#record.recall(kept.info)
    return isTimeline(kept.timeline) && Array.isArray(kept.timeline.entries) ? kept.timeline : undefined
  }

  #pathOf (seq: number): string {
    return `/chats/${this.id}/messages/${String(seq)}`
  }

  #react (
    kind: 'react' | 'unreact', { seq, emoji }: { seq: number, emoji: string }, options: RequestOptions
  ): Promise<void> {
    return this.#change({ kind, seq, emoji }, (http, path) =>
      writeMessage(http, `${path}/reactions/${encodeURIComponent(emoji)}`, options))
  }

  async #change (change: PendingChange, act: (http: Http, path: string) => Promise<Written>): Promise<void> {
    // It is sent once; each list that has the message shows the answer.
    let answer: Promise<Written> | undefined
    const send = () => (answer ??= act(this.#options.http, this.#pathOf(change.seq)))
    await Promise.all(this.#lists.map((list) => list.change(change, send)))
  }

  #follower (): Follower {
    const { observer } = this.#options
    return {
      onEvent: (event) => this.#apply(event),
      onLive: ({ receipts = [] }) => {
        this.#record.set({ status: 'live', problem: null })
        for (const receipt of receipts) this.noteRead(receipt)
        this.#marks.send()
        for (const list of this.#lists) list.loadAgain()
        this.members.loadAgain()
      },
      onReset: (reason) => {
        this.#record.set({ status: 'idle' })
        if (reason === 'epoch_changed') this.#record.set({ info: null })
        for (const list of [...this.#lists, this.members]) list.reset()
        if (this.#log.isUsed && !this.#log.hasEnded) this.#record.refreshSoon()
        observer.onReset(this.id, reason)
      },
      onEnd: (problem) => {
        this.#record.set({ status: 'ended', problem })
        this.#options.cache.drop(this.id)
        for (const list of this.#lists) list.end(problem)
      },
      onGap: (missing) => observer.onGap(this.id, missing),
      onPaused: () => {
        if (this.state.getSnapshot().status === 'live') this.#record.set({ status: 'idle' })
      },
      onLeft: () => {
        this.#record.set({ status: 'idle' })
        for (const list of [...this.#lists, this.members]) list.reset()
      }
    }
  }

  #apply (event: ChatEvent): void {
    for (const list of [...this.#lists, this.members]) list.apply(event)
    if (event.type === 'message.created') this.#typing.forget(event.actor.user ?? null)
    this.#record.apply(event, this.#options.me())
    this.#options.observer.onEvent(event)
  }
}
