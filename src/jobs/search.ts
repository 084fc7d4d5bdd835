/**
 * The jobs that keep the index of search. One is about a range of the log of a chat; the one of a rebuild goes through
 * all chats, and continues where it was. All read messages as they are now, so that their order does not matter and
 * each may be repeated.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { termsOf } from '../domain/search/index-terms.ts'
import type { Orm } from '../store/database.ts'
import type { Job } from '../store/jobs.ts'
import { findNextChat, indexRange, SEARCH_KIND } from '../store/search-index.ts'
import { backoff, type JobKind, type Outcome } from './job-kind.ts'

/** Messages that are indexed in one transaction. */
const BATCH = 500
/** Time after which a job makes room for another one. */
const SLICE_MS = 5_000
/**
 * An index that is behind is better than posts that wait: the jobs of a replica take turns with pauses between, which
 * are so many times as long as the work. With shorter ones a replica that is posted to without a pause lost a seventh
 * of its posts.
 */
const REST_FACTOR = 4
const CONCURRENCY = 2
const RETRY_MS = 1_000
const MAX_RETRY_MS = 300_000

const payloadForm = Compile(Type.Object({
  chat: Type.Integer(),
  from: Type.Optional(Type.Integer()),
  to: Type.Optional(Type.Integer()),
  rebuild: Type.Optional(Type.Boolean()),
  /** The last seq of the chat that a rebuild has indexed. */
  seq: Type.Optional(Type.Integer())
}))

/** Creates the kind of jobs. */
export function createSearchJobs (orm: Orm): JobKind {
  return {
    name: SEARCH_KIND,
    concurrency: CONCURRENCY,
    perTarget: CONCURRENCY,
    // The index must not lack a message: what cannot be indexed now is tried for ever.
    maxAttempts: Infinity,
    retryDelayMs: backoff(RETRY_MS, MAX_RETRY_MS),
    run: async (job, signal) => new Indexing(orm, signal).run(job)
  }
}

/** One run of a job. */
class Indexing {
  readonly #orm: Orm
  readonly #signal: AbortSignal
  readonly #endsAt = Date.now() + SLICE_MS

  constructor (orm: Orm, signal: AbortSignal) {
    this.#orm = orm
    this.#signal = signal
  }

  async run ({ payload }: Job): Promise<Outcome> {
    const { chat, from = 1, to = 0, rebuild, seq = 0 } = payloadForm.Parse(payload)
    if (rebuild === true) return this.#rebuild(chat, seq)
    const next = await this.#index(chat, from, to)
    return next > to
      ? { status: 'done', fields: { from: next } }
      : { status: 'continues', afterMs: 0, fields: { from: next } }
  }

  /** @returns the first seq that is not indexed yet */
  async #index (chatId: number, from: number, to: number): Promise<number> {
    let next = from
    while (next <= to) {
      const last = Math.min(to, next + BATCH - 1)
      await this.#inTurn(() => indexRange(this.#orm, { chatId, from: next, to: last }, termsOf))
      next = last + 1
      if (this.#isOver) break
    }
    return next
  }

  async #rebuild (chat: number, seq: number): Promise<Outcome> {
    let position = { chat, seq }
    for (;;) {
      // The chat that it is in, if it is, and otherwise the next one.
      const found = await findNextChat(this.#orm, position.seq > 0 ? position.chat - 1 : position.chat)
      if (found === undefined) return { status: 'done' }
      const begin = found.chatId === position.chat ? position.seq : 0
      const next = await this.#index(found.chatId, begin + 1, found.lastSeq)
      position = { chat: found.chatId, seq: next > found.lastSeq ? 0 : next - 1 }
      if (this.#isOver) return { status: 'continues', afterMs: 0, fields: position }
    }
  }

  get #isOver (): boolean {
    return this.#signal.aborted || Date.now() > this.#endsAt
  }

  async #inTurn (work: () => Promise<void>): Promise<void> {
    const startedAt = Date.now()
    await work()
    const restMs = (Date.now() - startedAt) * REST_FACTOR
    await sleep(restMs, undefined, { signal: this.#signal }).catch(() => undefined)
  }
}
