/**
 * Requests that have their effect once, however often they come: the key of a request and its answer are committed
 * with the effect, so that neither is there without the other, on any replica and whatever process dies.
 */
import { FairQueue } from '../lib/fair-queue.ts'
import type { Orm } from '../store/database.ts'
import * as store from '../store/idempotency-keys.ts'
import type { UnitOfWork } from '../store/unit-of-work.ts'
import { ChatError } from './errors.ts'

/** How long a request waits for another one with its key. */
const TWIN_WAIT_MS = 2_000
/** The longest that a request may take: then its writes are undone, so that its connection is not lost. */
const MAX_DURATION_MS = 60_000
/** Requests that may wait for a connection. */
const MAX_WAITING = 200
const RETENTION_MS = 7 * 86_400_000

/** A request with a key, and the user whose turn it takes; 0 for a key of the application. */
export type KeyedRequest = store.KeyedRequest & { userId: number }
/** The answer to a request. */
export type KeptAnswer = store.KeptAnswer

/** A request that nobody has made before: what it writes is committed with its answer. */
export type Attempt = UnitOfWork & {
  /**
   * Commits what was written, with the answer, and then does what waited for that. Without an answer it is undone.
   * @throws the error of the commit
   */
  finish: (answer: KeptAnswer | undefined) => Promise<void>
}

/** The request has failed, or took too long, and its writes are undone. */
class UndoneError extends ChatError {
  constructor () {
    super('unavailable')
  }
}

/** The requests that have their effect once. */
export class Idempotency {
  readonly #orm: Orm
  readonly #turns: FairQueue
  #waiting = 0

  /** @param concurrency requests at the same time: each holds a connection, and may need another one */
  constructor (orm: Orm, concurrency: number) {
    this.#orm = orm
    this.#turns = new FairQueue({ concurrency, perKey: concurrency })
  }

  /**
   * Begins a request, or returns the answer that it had.
   * @throws {ChatError} `idempotency_key_reused` for another request; `idempotency_in_progress` while the first one is
   * still running; `overloaded`
   */
  async begin (request: KeyedRequest): Promise<Attempt | KeptAnswer> {
    if (this.#waiting >= MAX_WAITING) throw new ChatError('overloaded')
    this.#waiting++
    await this.#turns.enter(request.userId)
    this.#waiting--
    return new Promise((resolve, reject) => {
      // Once the attempt is handed out, its `finish` has the error.
      this.#run(request, resolve).catch(reject).finally(() => this.#turns.leave(request.userId))
    })
  }

  /** Removes answers that need not be kept any longer. */
  async removeOld (): Promise<void> {
    await store.removeAnswersKeptFor(this.#orm, RETENTION_MS)
  }

  /** Resolves when the request has ended. @param begun called with the attempt, or with the answer of an earlier one */
  async #run (request: KeyedRequest, begun: (attempt: Attempt | KeptAnswer) => void): Promise<void> {
    const [outcome, settle] = createOutcome()
    const later: (() => Promise<void> | void)[] = []
    const limit = setTimeout(() => settle(undefined), MAX_DURATION_MS)
    const finish = async (answer: KeptAnswer | undefined) => {
      settle(answer)
      if (answer === undefined) {
        await ended.catch(() => undefined)
        return
      }
      await ended
      await Promise.all(later.map(async (work) => work()))
    }
    const ended = this.#orm.transaction(async (tx) => {
      const earlier = await claim(tx, request)
      if (earlier !== undefined) {
        begun(earlier)
        return
      }
      begun({ orm: tx, afterCommit: async (work) => void later.push(work), finish })
      const answer = await outcome
      if (answer === undefined) throw new UndoneError()
      await store.keepAnswer(tx, request, answer)
    }).finally(() => clearTimeout(limit))
    await ended
  }
}

type Outcome = KeptAnswer | undefined

function createOutcome (): [outcome: Promise<Outcome>, settle: (outcome: Outcome) => void] {
  let settle: (outcome: Outcome) => void = () => undefined
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve
  })
  return [outcome, settle]
}

/**
 * Claims the key of a request.
 * @returns the answer that the request had
 * @throws {ChatError} `idempotency_key_reused`, `idempotency_in_progress`
 */
async function claim (tx: Orm, request: KeyedRequest): Promise<KeptAnswer | undefined> {
  const isNew = await store.claimKey(tx, request, TWIN_WAIT_MS)
  if (isNew === true) return undefined
  // It may have been removed since.
  const kept = isNew === undefined ? undefined : await store.findAnswer(tx, request)
  if (kept === undefined) throw new ChatError('idempotency_in_progress')
  const { fingerprint, ...answer } = kept
  if (fingerprint !== request.fingerprint) throw new ChatError('idempotency_key_reused')
  return answer
}
