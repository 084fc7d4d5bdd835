/**
 * Erases what deleted accounts have left in chats (`store/erasures.ts`), on any number of replicas at once.
 *
 * An erasure is claimed with a lease, which each step renews. When a process dies in between, its lease expires and
 * another replica goes on where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Orm } from '../store/database.ts'
import { advanceErasure, claimErasure, type Erasure, finishErasure } from '../store/erasures.ts'

/** Longer than a step takes. */
const LEASE_MS = 60_000
/** The erasure of a small account is over before its deletion is answered. */
const ANSWER_WITHIN_MS = 3_000
const RETRY_MS = 500
const DEFAULT_POLL_MS = 30_000

/** Dependencies of an eraser. */
export type EraserOptions = {
  orm: Orm
  /** See `domain/chats/erasure.ts`. */
  step: (erasure: Erasure) => Promise<number | undefined>
  log: Record<'info' | 'warn', (details: object, message: string) => void>
  /** Time between searches for erasures that another process has left, in milliseconds; 30,000 by default. */
  pollMs?: number
}

/** Erases deleted accounts. Failures are logged and retried. */
export class Eraser {
  /** How long an account whose erasure is begun by its deletion is left to this process, in milliseconds. */
  readonly leaseMs = LEASE_MS
  readonly #options: EraserOptions
  readonly #running = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #stopping = false

  constructor (options: EraserOptions) {
    this.#options = options
  }

  /** Begins to look for erasures that were left by others. */
  start (): void {
    this.#timer = setInterval(() => void this.#track(this.#takeOver()), this.#options.pollMs ?? DEFAULT_POLL_MS)
    void this.#track(this.#takeOver())
  }

  /** Erases an account that was just deleted. Resolves when that is over, or goes on for long. */
  async erase (userId: number): Promise<void> {
    const waiting = new AbortController()
    const pause = sleep(ANSWER_WITHIN_MS, undefined, { signal: waiting.signal }).catch(() => undefined)
    await Promise.race([this.#track(this.#run({ userId, chatId: 0 })), pause])
    waiting.abort()
  }

  /** Resolves when the steps under way are over; the rest is left to others. */
  async stop (): Promise<void> {
    this.#stopping = true
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  #track (work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
    return tracked
  }

  async #takeOver (): Promise<void> {
    try {
      for (;;) {
        const claimed = this.#stopping ? undefined : await claimErasure(this.#options.orm, LEASE_MS)
        if (claimed === undefined) return
        await this.#run(claimed)
      }
    } catch (error) {
      this.#options.log.warn({ err: error }, 'deleted accounts cannot be looked for; the next try follows')
    }
  }

  async #run ({ userId, chatId }: Erasure): Promise<void> {
    const { orm, step, log } = this.#options
    try {
      let position = chatId
      while (!this.#stopping) {
        const next = await step({ userId, chatId: position })
        if (next === undefined) {
          await finishErasure(orm, userId)
          log.info({ userId }, 'the messages of a deleted account are erased')
          return
        }
        // A lock is in the way.
        if (next === position) await sleep(RETRY_MS)
        position = next
        await advanceErasure(orm, { userId, chatId: position }, LEASE_MS)
      }
    } catch (error) {
      log.warn({ err: error, userId }, 'the erasure of a deleted account was interrupted; it is taken up again')
    }
  }
}
