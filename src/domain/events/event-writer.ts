/**
 * Posting by group commit: while the maximum number of batches is being stored, posts that arrive wait and form the
 * next batch. A quiet server answers after one round trip, a busy one stores hundreds of messages per commit.
 */
import { isTransient } from '../../store/postgres/failures.ts'
import type { ChangeEntry, WriteBatch } from '../../store/changes.ts'
import type { PostBatch, PostEntry } from '../../store/posts.ts'
import { ChatError } from '../errors.ts'
import { type ChangeReceipt, entryOf, type EventRequest, settle as settleChange } from './change.ts'
import { type ChatPosts, type Pending, PostQueue } from './post-queue.ts'
import type { TraceContext } from '../../observability/tracing/trace-context.ts'
import type { Span, Tracing } from '../../observability/tracing/tracing.ts'
import type { ChatEvent } from './event.ts'
import { type Post, postEntryOf, type Receipt, settlePost } from './post.ts'

const FIRST_RETRY_DELAY_MS = 20
const MAX_RETRY_DELAY_MS = 500

/**
 * Committed events of one chat: it extends to `lastSeq`, and `events` are its newest, without a gap up to `lastSeq`.
 * There may be fewer of them than are new, even none: a retry can find messages whose announcement was lost with the
 * replica that stored them. `trace` is the commit's span, if one of its posts is traced.
 */
export type CommittedEvents = {
  chatId: number
  membersVersion: number
  lastSeq: number
  events: readonly ChatEvent[]
  trace?: TraceContext | undefined
}

/** How posts are stored. Times are in milliseconds. */
export type EventWriterOptions = {
  postBatch: PostBatch
  /** Stores batches with changes of messages. */
  writeBatch: WriteBatch
  /** Batches that are stored at the same time. */
  maxConcurrentBatches: number
  /** Maximum number of posts in one batch. */
  batch: number
  /** Maximum number of posts that wait; one user may have a tenth of it. */
  queue: number
  /** Where traced posts record the spans of their commits, if anywhere. */
  tracing?: Tracing | undefined
  /** How long a batch is retried while the database is away. */
  deadlineMs: number
}

/** Called with committed messages. */
export type CommitListener = (committed: CommittedEvents) => void

/** Stores posts. */
export class EventWriter {
  readonly #options: EventWriterOptions
  readonly #listeners: CommitListener[] = []
  readonly #queue: PostQueue
  /** Batches that are being stored. */
  #storing = 0
  #storingPosts = 0
  #isStarting = false
  #onIdle: (() => void)[] = []

  constructor (options: EventWriterOptions) {
    this.#options = options
    this.#queue = new PostQueue(options.queue)
  }

  /**
   * Calls `listener` after the commit of a batch, once per chat, before its posts are acknowledged. It must not throw.
   */
  onCommitted (listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Stores a post. Posts of one author in one chat are stored in the order of the calls. `onSettled` receives the
   * receipt, or an error: `not_a_participant`, `chat_closed`, `chat_frozen`, `forbidden`, `text_too_long`, `slow_mode`,
   * `conflict`, `overloaded` when too many wait, of all users or of this one, `unconfirmed` when the database stayed
   * away: the message may or may not be stored then, and a retry with the same key finds out.
   * @param postKey unique per chat and author, so that a repetition finds the stored message
   */
  post (post: Post, postKey: string): void {
    this.#add({ post, change: undefined, postKey })
  }

  /**
   * Stores a change of a message, or a message with more than a text, in the order of the posts and changes of its
   * chat. `onSettled` receives the receipt, or an error: `forbidden`, `unknown_message`, `not_the_author`,
   * `message_deleted`, `version_conflict`, `nested_thread`, `unknown_mention`, `too_many_marks`, `feature_off`, and
   * those of {@link EventWriter.post}.
   * @param eventKey unique per chat and actor, so that a repetition finds the stored event
   */
  change (change: EventRequest, eventKey: string): void {
    this.#add({ post: undefined, change, postKey: eventKey })
  }

  #add (pending: Pending): void {
    if (this.#queue.add(pending)) this.#startSoon()
    else (pending.post ?? pending.change).onSettled(new ChatError('overloaded'))
  }

  /** Number of posts that wait for the batch before theirs. */
  get waiting (): number {
    return this.#queue.waiting
  }

  /** Number of those that a new post of another user has to wait for. */
  get inLine (): number {
    return this.#queue.size
  }

  /** Resolves when every post accepted so far is stored or refused. */
  async flush (): Promise<void> {
    if (!this.#queue.isIdle)
      await new Promise<void>((resolve) => {
        this.#onIdle.push(resolve)
      })
  }

  /** Posts from all sockets that arrive in this turn of the event loop are stored together. */
  #startSoon (): void {
    if (this.#isStarting || !this.#mayStart) return
    this.#isStarting = true
    setImmediate(() => {
      this.#isStarting = false
      while (this.#mayStart) void this.#storeNext()
    })
  }

  /**
   * A batch may run beside another one only when it is as large. So no post waits for another on a quiet server, and on
   * a busy one no small batch overtakes the large ones, which would cost more than it saves.
   */
  get #mayStart (): boolean {
    const { maxConcurrentBatches: lanes, batch } = this.#options
    return this.#queue.isReady && this.#storing < lanes && this.#queue.size >= Math.min(this.#storingPosts, batch)
  }

  async #storeNext (): Promise<void> {
    const batch = this.#queue.take(this.#options.batch)
    const size = batch.reduce((sum, { posts }) => sum + posts.length, 0)
    this.#storing++
    this.#storingPosts += size
    await this.#store(batch)
    this.#storing--
    this.#storingPosts -= size
    this.#queue.release(batch)
    // The batch is written to its readers at the end of this turn. Their next posts, sent in response, join the next
    // batch.
    setImmediate(() => this.#startSoon())
    if (this.#queue.isIdle) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  async #store (batch: readonly ChatPosts[]): Promise<void> {
    const entries: Entries = { posts: [], changes: [] }
    for (const { posts } of batch) {
      for (const { post, change, postKey } of posts) {
        if (post === undefined) entries.changes.push(entryOf(change, postKey))
        else entries.posts.push(postEntryOf(post, postKey))
      }
    }
    const span = this.#options.tracing && beginBatch(this.#options.tracing, batch, entries.posts.length)
    let outcomes: Outcomes
    try {
      outcomes = await this.#storeWithRetry(entries)
    } catch (error) {
      const failure = new ChatError(isTransient(error) ? 'unconfirmed' : 'internal', undefined, { cause: error })
      span?.fail(failure.code)
      for (const { posts } of batch) for (const { post, change } of posts) (post ?? change).onSettled(failure)
      return
    }
    span?.end({ 'chat.batch.chats': batch.length })
    const next = { post: 0, change: 0 }
    for (const chat of batch) this.#publishThenAcknowledge(chat, outcomes, next, span)
  }

  /**
   * Publishes the stored events of a chat, and then acknowledges the requests.
   * @param next indices of the first outcomes of this chat; they are moved behind its last ones
   */
  #publishThenAcknowledge (
    { chatId, posts }: ChatPosts,
    outcomes: Outcomes,
    next: { post: number, change: number },
    span: Span | undefined
  ): void {
    const news: News = { chatId, membersVersion: 0, lastSeq: 0, events: [], trace: undefined }
    const told: { post: Post, result: Receipt | ChatError }[] = []
    const toldOfChanges: { change: EventRequest, result: ChangeReceipt | ChatError }[] = []
    for (const { post, change } of posts) {
      if (post !== undefined) told.push({ post, result: settlePost(post, outcomes.posts[next.post++], news) })
      else {
        const settled = settleChange(change, outcomes.changes[next.change++])
        toldOfChanges.push({ change, result: settled.receipt })
        if (settled.events === undefined) continue
        news.membersVersion = settled.membersVersion
        news.lastSeq = Math.max(news.lastSeq, settled.seq)
        news.events.push(...settled.events)
      }
    }
    if (span !== undefined && posts.some(({ post }) => post?.trace !== undefined)) news.trace = span.context
    if (news.lastSeq > 0) for (const listener of this.#listeners) listener(news)
    for (const { post, result } of told) post.onSettled(result)
    for (const { change, result } of toldOfChanges) change.onSettled(result)
  }

  /**
   * A connection that dies during the commit leaves its outcome unknown. The same batch is stored again: committed
   * posts are found by their keys, under the lock of their chat, and nothing is stored twice.
   */
  async #storeWithRetry ({ posts, changes }: Entries): Promise<Outcomes> {
    const deadline = Date.now() + this.#options.deadlineMs
    for (let delay = FIRST_RETRY_DELAY_MS; ; delay = Math.min(delay * 2, MAX_RETRY_DELAY_MS)) {
      try {
        return changes.length > 0
          ? await this.#options.writeBatch(posts, changes)
          : { posts: await this.#options.postBatch(posts), changes: [] }
      } catch (error) {
        if (!isTransient(error) || Date.now() + delay >= deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, delay))
      }
    }
  }
}

type Entries = { posts: PostEntry[], changes: ChangeEntry[] }
type Outcomes = Awaited<ReturnType<WriteBatch>>
type News = CommittedEvents & { events: ChatEvent[] }

/**
 * Starts a span for the batch, in the trace of its first traced post, with links to all of them; undefined when none is
 * traced.
 */
function beginBatch (tracing: Tracing, batch: readonly ChatPosts[], size: number): Span | undefined {
  const links = batch.flatMap(({ posts }) => posts.flatMap(({ post }) => post?.trace ?? []))
  const [parent] = links
  return parent === undefined
    ? undefined
    : tracing.begin('commit', { kind: 'internal', parent, links, attributes: { 'chat.batch.posts': size } })
}
