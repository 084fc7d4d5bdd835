/**
 * The chats that are followed: asked for in batches, resumed after a lost connection behind the last event of each, and
 * checked for events that are missing. A socket follows so many chats and no more: the others wait, and go on behind
 * their last events when there is room.
 */
import { Backoff, type BackoffBounds } from './backoff.ts'
import { atEndOfTurn, inBatches } from './batching.ts'
import type { Connection } from './connection.ts'
import type { Http } from './http.ts'
import { ConfabProblem, problemOf } from './problem.ts'
import { EventSequence, type Missing } from './state/event-sequence.ts'
import { type ChatEvent, type FrameOf, type Page, type ResetReason, type ServerFrame, withFields } from './types.ts'

const PAGE_SIZE = 200
/** Chats that are used come before those that are only listed, however active these are. */
const USED = 1e15

const isEventPage = withFields<Page<ChatEvent>>('items')

/** What a followed chat makes of its log. */
export type Follower = {
  /** Receives each event once, in order. */
  onEvent: (event: ChatEvent) => void
  /** It is followed, and has all events up to its position. */
  onLive: (frame: FrameOf<'subscribed'>) => void
  /** What is known of the chat is void. It begins anew from where {@link ChatLog.begin} says, or from now on. */
  onReset: (reason: ResetReason) => void
  /** It cannot be followed, or no longer. */
  onEnd: (problem: ConfabProblem) => void
  onGap: (missing: Missing) => void
  /** Nobody follows it any more: what changes from now on does not become known. */
  onLeft: () => void
  /** It is not followed as long as others are more important. */
  onPaused: () => void
}

/** Dependencies. */
export type SubscriptionsOptions = { connection: Connection, http: Http, backoff: BackoffBounds }

/** The log of a chat while it is followed. */
export class ChatLog {
  readonly chat: string
  readonly follower: Follower
  readonly sequence = new EventSequence()
  readonly #subscriptions: Subscriptions
  #uses = 0
  #listings = 0
  #holds = 0
  /** When it was used, or something has happened in it: the time of the server, or of the device. */
  #activeAt = 0
  isSubscribed = false
  isRepairing = false
  hasEnded = false

  constructor (chat: string, follower: Follower, subscriptions: Subscriptions) {
    this.chat = chat
    this.follower = follower
    this.#subscriptions = subscriptions
  }

  /** Whether it is used by somebody who does not wait for the beginning to be known. */
  get isWanted (): boolean {
    return this.isUsed && !this.hasEnded && (this.#holds === 0 || this.sequence.seq !== undefined)
  }

  get isUsed (): boolean {
    return this.#uses + this.#listings > 0
  }

  /** The higher one is followed. */
  get rank (): number {
    return this.#uses > 0 ? this.#activeAt + USED : this.#activeAt
  }

  /** Follows the chat. @returns a function that ends that */
  use (): () => void {
    this.noteActive(Date.now())
    return this.#count((by) => (this.#uses += by))
  }

  /** Follows the chat if there is room. @returns a function that ends that */
  list (): () => void {
    return this.#count((by) => (this.#listings += by))
  }

  /** Notes that something has happened in it. @param at when, in milliseconds */
  noteActive (at: number): void {
    this.#activeAt = Math.max(this.#activeAt, at)
    if (!this.isSubscribed) this.#subscriptions.schedule()
  }

  #count (add: (by: 1 | -1) => void): () => void {
    const change = (by: 1 | -1) => {
      add(by)
      this.#subscriptions.schedule()
    }
    change(1)
    let isUsed = true
    return () => {
      if (isUsed) change(-1)
      isUsed = false
    }
  }

  /** Waits with following until something that says where to begin is loaded. */
  async holdFor<Result> (loading: Promise<Result>): Promise<Result> {
    this.#holds++
    return loading.finally(() => {
      this.#holds--
      this.#subscriptions.schedule()
    })
  }

  /** Begins behind a seq, unless it has begun. */
  begin (seq: number): void {
    this.sequence.begin(seq)
  }

  /** Begins again after its end. */
  revive (): void {
    this.hasEnded = false
    this.#subscriptions.schedule()
  }
}

/** All of them. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #logs = new Map<string, ChatLog>()
  readonly #backoff: Backoff
  /** Soon brings the server up to date with what is followed. */
  readonly schedule = atEndOfTurn(() => {
    if (this.#options.connection.state === 'online') this.#update()
  })

  /** Whether some chats are not followed, since there is no room for them. */
  isCrowded = false
  /** So many chats the socket may follow. */
  #limit = Infinity

  constructor (options: SubscriptionsOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.backoff)
    options.connection.on('welcome', ({ limits }) => {
      this.#limit = limits.chats
    })
    options.connection.on('state', (state) => {
      for (const log of this.#logs.values()) log.isSubscribed = false
      if (state === 'online') this.schedule()
    })
    options.connection.on('frame', (frame) => this.#take(frame))
  }

  /** The log of a chat, which is not followed before {@link ChatLog.use}. */
  add (chat: string, follower: Follower): ChatLog {
    const log = new ChatLog(chat, follower, this)
    this.#logs.set(chat, log)
    return log
  }

  /** Begins all logs anew. */
  resetAll (): void {
    for (const log of this.#logs.values()) this.#reset(log, 'epoch_changed')
  }

  #update (): void {
    const logs = [...this.#logs.values()]
    const ranked = logs.filter((log) => log.isWanted).sort((one, other) => other.rank - one.rank)
    const paused = new Set(ranked.splice(this.#limit))
    this.isCrowded = paused.size > 0
    const left = logs.filter((log) => log.isSubscribed && (!log.isUsed || paused.has(log)))
    for (const log of left) {
      log.isSubscribed = false
      if (log.isUsed) continue
      // Events that come meanwhile are not followed, and after the next beginning they are no gap.
      log.sequence.reset()
      log.follower.onLeft()
    }
    for (const log of paused) log.follower.onPaused()
    const wanted = ranked.filter((log) => !log.isSubscribed)
    for (const log of wanted) log.isSubscribed = true
    for (const batch of inBatches(left)) this.#request({ type: 'unsubscribe', chats: batch.map(({ chat }) => chat) })
    for (const batch of inBatches(wanted)) {
      const chats = batch.map(({ chat, sequence }) => ({ chat, after: sequence.seq }))
      this.#request({ type: 'subscribe', chats }, () => {
        for (const log of batch) log.isSubscribed = false
      })
    }
  }

  #request (command: object, onFailure: () => void = () => undefined): void {
    this.#options.connection.request(command).then(
      () => this.#backoff.reset(),
      () => {
        onFailure()
        this.#retryLater()
      }
    )
  }

  #retryLater (): void {
    const { connection } = this.#options
    if (connection.state === 'online') void connection.pauses.wait(this.#backoff.next()).then(() => this.schedule())
  }

  #take (frame: ServerFrame): void {
    const chat = frame.type === 'event' ? frame.event.chat : 'chat' in frame ? frame.chat : undefined
    const log = chat === undefined ? undefined : this.#logs.get(chat)
    if (log === undefined || !log.isSubscribed) return
    if (frame.type === 'event') this.#advance(log, [frame.event])
    else if (frame.type === 'subscribed') {
      log.begin(frame.head)
      log.sequence.noteHead(frame.head)
      log.follower.onLive(frame)
      this.#checkGap(log)
    } else if (frame.type === 'problem') this.#refuse(log, new ConfabProblem(frame.code, frame.detail, frame))
    else if (frame.type === 'reset') {
      if (frame.reason !== 'removed' && frame.reason !== 'deleted') this.#reset(log, frame.reason)
      else {
        log.hasEnded = true
        log.follower.onReset(frame.reason)
        this.#end(log, frame.reason === 'deleted'
          ? new ConfabProblem('unknown_chat', 'The chat was deleted.')
          : new ConfabProblem('not_a_participant', 'You are no member any more.'))
      }
    }
  }

  #advance (log: ChatLog, events: readonly ChatEvent[]): void {
    log.noteActive(Date.now())
    for (const event of events) for (const due of log.sequence.take(event)) log.follower.onEvent(due)
    this.#checkGap(log)
  }

  #checkGap (log: ChatLog): void {
    const { missing } = log.sequence
    if (missing === undefined || log.isRepairing) return
    log.isRepairing = true
    log.follower.onGap(missing)
    void this.#repair(log).finally(() => {
      log.isRepairing = false
    })
  }

  /** Reads what is missing. */
  async #repair (log: ChatLog): Promise<void> {
    const backoff = new Backoff(this.#options.backoff)
    const { connection, http } = this.#options
    // The next connection reads what is missing then.
    const next = () => (log.isUsed && connection.state !== 'closed' ? log.sequence.missing?.from : undefined)
    for (let from = next(); from !== undefined; from = next()) {
      try {
        const path = `/chats/${log.chat}/events?after=${String(from - 1)}&limit=${String(PAGE_SIZE)}`
        const { items } = await http.request(path, isEventPage)
        this.#advance(log, items)
        if (next() === from) throw new ConfabProblem('unreadable', 'A gap remains.')
      } catch (error) {
        const { code, retryable, status } = problemOf(error)
        if (code === 'position_unknown') this.#reset(log, 'too_far_behind')
        // Who may not read the chat any more is told so by the socket.
        if (status !== undefined && !retryable) return
        await connection.pauses.wait(backoff.next())
      }
    }
  }

  #refuse (log: ChatLog, problem: ConfabProblem): void {
    const { code, retryable } = problem
    log.isSubscribed = false
    if (code === 'position_unknown') this.#reset(log, 'too_far_behind')
    else if (code === 'too_many_chats') {
      // There are fewer places than was said, e.g. where tabs share a socket.
      this.#limit = Math.max(1, [...this.#logs.values()].filter(({ isSubscribed }) => isSubscribed).length)
      this.schedule()
    } else if (retryable) this.#retryLater()
    else this.#end(log, problem)
  }

  #end (log: ChatLog, problem: ConfabProblem): void {
    log.isSubscribed = false
    log.hasEnded = true
    log.sequence.reset()
    log.follower.onEnd(problem)
  }

  #reset (log: ChatLog, reason: ResetReason): void {
    log.isSubscribed = false
    log.sequence.reset()
    log.follower.onReset(reason)
    this.schedule()
  }
}
