/**
 * Posting by group commit: while one batch of a lane is being stored, what arrives waits and becomes the next batch.
 * A quiet server answers after one round trip, a busy one stores hundreds of messages per commit.
 *
 * Chats are spread over lanes by id. A lane stores one batch at a time, so the messages of a chat that come through
 * this replica keep their order, while different lanes commit side by side.
 */
import { isTransient } from '../store/failures.ts'
import type { PostBatch, PostEntry, PostOutcome } from '../store/messages.ts'
import { ChatError } from './errors.ts'
import type { TraceContext } from '../tracing/trace-context.ts'
import type { Span, Tracing } from '../tracing/tracing.ts'
import type { Message } from './message.ts'

const FIRST_RETRY_DELAY_MS = 20
const MAX_RETRY_DELAY_MS = 500

/** A message to store. `key` is unique per chat and author, so that storing it again finds it. */
export type Post = PostEntry & { username: string, clientMessageId: string | undefined, trace: TraceContext | undefined }

/**
 * News of one chat: it goes up to `lastSeq`, and `messages` are its newest, without a gap up to `lastSeq`. They may be
 * fewer than are new, even none (`trace` is the commit's span, if one of its posts is traced): a retry can find messages whose announcement died with the replica that stored them.
 */
export type Committed = { chatId: number, membersVersion: number, lastSeq: number, messages: readonly Message[], trace?: TraceContext }

/** How posts become messages. Times are in milliseconds. */
export type PosterOptions = {
  postBatch: PostBatch
  lanes: number
  /** Posts in one batch at the most. */
  batch: number
  /** Posts that may wait in a lane. */
  queue: number
  /** Where posts that are traced have the spans of their commits, if anywhere. */
  tracing?: Tracing | undefined
  /** How long a batch is retried while the database is away. */
  deadlineMs: number
}

/** What a post became: the message, and whether it was there before. */
export type Receipt = { message: Message, duplicate: boolean }

/** Hears of what was committed. */
export type CommitListener = (committed: Committed) => void

/** Hears once what became of a post. It must not throw. A promise for each post would cost as much as storing it. */
export type PostListener = (outcome: Receipt | ChatError) => void

type Pending = { post: Post, done: PostListener }

/** Stores posts. */
export class Poster {
  readonly #lanes: Lane[]
  readonly #listeners: CommitListener[] = []

  constructor (options: PosterOptions) {
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(options, this.#listeners))
  }

  /** Calls back after the commit of a batch, once per chat, before its posts are acknowledged. It must not throw. */
  onCommitted (listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Stores a post. Calls for one chat are stored in the order of the calls.
   * @param done told the receipt, or an error: `not_a_participant`, `conflict`, `overloaded` when too many wait,
   *   `unconfirmed` when the database stayed away: the message may or may not be stored then, and the same key finds out
   */
  post (post: Post, done: PostListener): void {
    const lane = this.#lanes[post.chatId % this.#lanes.length]
    if (lane === undefined) done(new ChatError('internal'))
    else lane.add({ post, done })
  }

  /** How many posts wait for the batch before theirs. */
  get waiting (): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0)
  }

  /** Resolves when everything that was posted until now is stored or refused. */
  async flush (): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()))
  }
}

class Lane {
  readonly #options: PosterOptions
  readonly #listeners: readonly CommitListener[]
  #waiting: Pending[] = []
  #running: Promise<void> | undefined

  constructor (options: PosterOptions, listeners: readonly CommitListener[]) {
    this.#options = options
    this.#listeners = listeners
  }

  get waiting (): number {
    return this.#waiting.length
  }

  add (pending: Pending): void {
    if (this.#waiting.length >= this.#options.queue) {
      pending.done(new ChatError('overloaded'))
      return
    }
    this.#waiting.push(pending)
    this.#running ??= this.#run()
  }

  async idle (): Promise<void> {
    await this.#running
  }

  async #run (): Promise<void> {
    // What the sockets hand over in this turn of the event loop is stored together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) await this.#store(this.#takeBatch())
    this.#running = undefined
  }

  /** The next posts in line, up to the first that repeats a key: the same key may stand in a batch only once, and only clients repeat theirs. */
  #takeBatch (): Pending[] {
    const keys = new Set<string>()
    let size = 0
    for (const { post } of this.#waiting) {
      if (size >= this.#options.batch) break
      if (post.clientMessageId !== undefined) {
        const key = `${String(post.chatId)} ${String(post.authorId)} ${post.clientMessageId}`
        if (keys.has(key)) break
        keys.add(key)
      }
      size++
    }
    const batch = this.#waiting.slice(0, size)
    this.#waiting = this.#waiting.slice(size)
    return batch
  }

  async #store (batch: Pending[]): Promise<void> {
    const span = beginBatch(this.#options.tracing, batch)
    let outcomes: PostOutcome[]
    try {
      outcomes = await this.#storeWithRetry(batch.map((pending) => pending.post))
    } catch (error) {
      const failure = new ChatError(isTransient(error) ? 'unconfirmed' : 'internal', undefined, { cause: error })
      span?.fail(failure.code)
      for (const { done } of batch) done(failure)
      return
    }
    const committed = new Map<number, CommittedDraft>()
    const receipts = batch.map(({ post }, index) => receiptOf(post, outcomes[index], committed))
    if (span !== undefined) endBatch(span, batch, committed)
    for (const chat of committed.values()) {
      for (const listener of this.#listeners) listener(chat)
    }
    for (const [index, { done }] of batch.entries()) done(receipts[index] ?? new ChatError('internal'))
  }

  /**
   * A connection that dies during the commit leaves its outcome unknown. The same batch is stored again: whatever was
   * committed is found by its key, under the lock of its chat, and nothing is stored twice.
   */
  async #storeWithRetry (entries: Post[]): Promise<PostOutcome[]> {
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

type CommittedDraft = Committed & { messages: Message[] }

/** A span for the batch, in the trace of the first post that has one, with links to all of them; undefined when none has. */
function beginBatch (tracing: Tracing | undefined, batch: readonly Pending[]): Span | undefined {
  if (tracing === undefined) return undefined
  const links = batch.flatMap(({ post }) => post.trace ?? [])
  const [parent] = links
  return parent === undefined ? undefined : tracing.begin('commit', { kind: 'internal', parent, links, attributes: { 'chat.batch.posts': batch.length } })
}

/** The news of the chats with a traced post go on in the trace of the batch. */
function endBatch (span: Span, batch: readonly Pending[], committed: ReadonlyMap<number, CommittedDraft>): void {
  span.end({ 'chat.batch.chats': committed.size })
  for (const { post } of batch) {
    const chat = post.trace === undefined ? undefined : committed.get(post.chatId)
    if (chat !== undefined) chat.trace = span.context
  }
}

/** What one post became; what others must hear of it is added to `committed`. */
function receiptOf (post: Post, result: PostOutcome | undefined, committed: Map<number, CommittedDraft>): Receipt | ChatError {
  if (result === undefined) return new ChatError('internal')
  if (!('seq' in result)) return new ChatError(result.outcome === 'conflict' ? 'conflict' : 'not_a_participant')
  const { outcome, seq, id, at, membersVersion } = result
  const { chatId, authorId, username, text, clientMessageId } = post
  const message: Message = { chatId, seq, id, authorId, username, text, at, clientMessageId }
  let chat = committed.get(chatId)
  if (chat === undefined) committed.set(chatId, chat = { chatId, membersVersion, lastSeq: 0, messages: [] })
  chat.lastSeq = Math.max(chat.lastSeq, seq)
  if (outcome === 'stored') chat.messages.push(message)
  return { message, duplicate: outcome === 'duplicate' }
}
