/**
 * Posting by group commit: while as many batches as may be are being stored, what arrives waits and becomes the next
 * one. A quiet server answers after one round trip, a busy one stores hundreds of messages per commit.
 */
import { isTransient } from '../../store/postgres/failures.ts'
import type { PostBatch, PostEntry, PostOutcome } from '../../store/posts.ts'
import { ChatError } from '../errors.ts'
import { type ChatPosts, PostQueue } from './post-queue.ts'
import type { TraceContext } from '../../observability/tracing/trace-context.ts'
import type { Span, Tracing } from '../../observability/tracing/tracing.ts'
import type { ChatEvent, MessageCreated } from './event.ts'
import type { Message } from './message.ts'

const FIRST_RETRY_DELAY_MS = 20
const MAX_RETRY_DELAY_MS = 500

/** A message to store. */
export type Post = {
  readonly chatId: number
  readonly author: { readonly userId: number, readonly username: string }
  readonly text: string
  readonly clientMessageId: string | undefined
  readonly trace: TraceContext | undefined
  /** Hears once what became of it. It must not throw. A promise for each post would cost as much as storing it. */
  readonly onSettled: (outcome: Receipt | ChatError) => void
}

/**
 * News of one chat: it goes up to `lastSeq`, and `events` are its newest, without a gap up to `lastSeq`. They may be
 * fewer than are new, even none (`trace` is the commit's span, if one of its posts is traced): a retry can find
 * messages whose announcement died with the replica that stored them.
 */
export type CommittedEvents = {
  chatId: number
  membersVersion: number
  lastSeq: number
  events: readonly ChatEvent[]
  trace?: TraceContext | undefined
}

/** How posts become messages. Times are in milliseconds. */
export type EventWriterOptions = {
  postBatch: PostBatch
  /** Batches that are stored side by side. */
  maxConcurrentBatches: number
  /** Posts in one batch at the most. */
  batch: number
  /** Posts that may wait. */
  queue: number
  /** Where posts that are traced have the spans of their commits, if anywhere. */
  tracing?: Tracing | undefined
  /** How long a batch is retried while the database is away. */
  deadlineMs: number
}

/** What a post became: the message, and whether it was there before. */
export type Receipt = { message: Message, duplicate: boolean }

/** Hears of what was committed. */
export type CommitListener = (committed: CommittedEvents) => void

/** Stores posts. */
export class EventWriter {
  readonly #options: EventWriterOptions
  readonly #listeners: CommitListener[] = []
  readonly #queue = new PostQueue()
  /** Batches that are being stored, and the posts in them. */
  #storing = 0
  #storingPosts = 0
  #isStarting = false
  #onIdle: (() => void)[] = []

  constructor (options: EventWriterOptions) {
    this.#options = options
  }

  /** Calls back after the commit of a batch, once per chat, before its posts are acknowledged. It must not throw. */
  onCommitted (listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Stores a post. Calls for one chat are stored in the order of the calls. The post is told the receipt, or an error:
   * `not_a_participant`, `conflict`, `overloaded` when too many wait, `unconfirmed` when the database stayed away: the
   * message may or may not be stored then, and the same key finds out.
   * @param postKey unique per chat and author, so that storing it again finds it
   */
  post (post: Post, postKey: string): void {
    if (this.#queue.size >= this.#options.queue) {
      post.onSettled(new ChatError('overloaded'))
      return
    }
    this.#queue.add({ post, postKey })
    this.#startSoon()
  }

  /** How many posts wait for the batch before theirs. */
  get waiting (): number {
    return this.#queue.size
  }

  /** Resolves when everything that was posted until now is stored or refused. */
  async flush (): Promise<void> {
    if (!this.#queue.isIdle)
      await new Promise<void>((resolve) => {
        this.#onIdle.push(resolve)
      })
  }

  /** What the sockets hand over in this turn of the event loop is stored together. */
  #startSoon (): void {
    if (this.#isStarting || !this.#mayStart) return
    this.#isStarting = true
    setImmediate(() => {
      this.#isStarting = false
      while (this.#mayStart) void this.#storeNext()
    })
  }

  /**
   * Another batch may go beside one that is being stored when it is as large. A quiet server has no post wait for
   * another so, and a busy one does not have small batches overtake the large ones, which costs more than it saves.
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
    // The batch leaves for its readers at the end of this turn. What they answer while it is written goes along with
    // the next.
    setImmediate(() => this.#startSoon())
    if (this.#queue.isIdle) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  async #store (batch: readonly ChatPosts[]): Promise<void> {
    const entries: PostEntry[] = []
    for (const { chatId, posts } of batch) {
      for (const {
        post: { author, text },
        postKey
      } of posts)
        entries.push({ chatId, authorId: author.userId, postKey, text })
    }
    const span = this.#options.tracing && beginBatch(this.#options.tracing, batch, entries.length)
    let outcomes: PostOutcome[]
    try {
      outcomes = await this.#storeWithRetry(entries)
    } catch (error) {
      const failure = new ChatError(isTransient(error) ? 'unconfirmed' : 'internal', undefined, { cause: error })
      span?.fail(failure.code)
      for (const { posts } of batch) for (const { post } of posts) post.onSettled(failure)
      return
    }
    span?.end({ 'chat.batch.chats': batch.length })
    let first = 0
    for (const chat of batch) {
      this.#publishThenAcknowledge(chat, outcomes, first, span)
      first += chat.posts.length
    }
  }

  /**
   * Announces what was stored of a chat, and then acknowledges it. @param first where the outcomes of its posts begin
   */
  #publishThenAcknowledge (
    { chatId, posts }: ChatPosts,
    outcomes: readonly PostOutcome[],
    first: number,
    span: Span | undefined
  ): void {
    const news: News = { chatId, membersVersion: 0, lastSeq: 0, events: [], trace: undefined }
    const told = posts.map(({ post }, index) => ({ post, result: settle(post, outcomes[first + index], news) }))
    if (span !== undefined && posts.some(({ post }) => post.trace !== undefined)) news.trace = span.context
    if (news.lastSeq > 0) for (const listener of this.#listeners) listener(news)
    for (const { post, result } of told) post.onSettled(result)
  }

  /**
   * A connection that dies during the commit leaves its outcome unknown. The same batch is stored again: whatever was
   * committed is found by its key, under the lock of its chat, and nothing is stored twice.
   */
  async #storeWithRetry (entries: readonly PostEntry[]): Promise<PostOutcome[]> {
    const deadline = Date.now() + this.#options.deadlineMs
    for (let delay = FIRST_RETRY_DELAY_MS; ; delay = Math.min(delay * 2, MAX_RETRY_DELAY_MS)) {
      try {
        return await this.#options.postBatch(entries)
      } catch (error) {
        if (!isTransient(error) || Date.now() + delay >= deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, delay))
      }
    }
  }
}

type News = CommittedEvents & { events: ChatEvent[] }

/**
 * A span for the batch, in the trace of the first post that has one, with links to all of them; undefined when none
 * has.
 */
function beginBatch (tracing: Tracing, batch: readonly ChatPosts[], size: number): Span | undefined {
  const links = batch.flatMap(({ posts }) => posts.flatMap(({ post }) => post.trace ?? []))
  const [parent] = links
  return parent === undefined
    ? undefined
    : tracing.begin('commit', { kind: 'internal', parent, links, attributes: { 'chat.batch.posts': size } })
}

/** What one post became; what others must hear of it is added to the news of its chat. */
function settle (post: Post, result: PostOutcome | undefined, news: News): Receipt | ChatError {
  if (result === undefined) return new ChatError('internal')
  if (!('seq' in result)) return new ChatError(result.outcome === 'conflict' ? 'conflict' : 'not_a_participant')
  const { outcome, seq, id, at, membersVersion } = result
  const { chatId, author, text, clientMessageId } = post
  const message: MessageCreated = {
    kind: 'message.created',
    chatId,
    seq,
    id,
    authorId: author.userId,
    username: author.username,
    text,
    at,
    clientMessageId
  }
  news.membersVersion = membersVersion
  news.lastSeq = Math.max(news.lastSeq, seq)
  if (outcome === 'stored') news.events.push(message)
  return { message, duplicate: outcome === 'duplicate' }
}
