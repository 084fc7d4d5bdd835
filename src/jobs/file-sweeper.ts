/**
 * Deletes files that belong to no message for a day, and the contents of all that were deleted (`store/files.ts`), on
 * any number of replicas at once. A content is claimed with a lease, deleted from the storage, and forgotten after
 * that: at least once, which does no harm.
 */
import type { FileStorage } from '../files/files.ts'
import type { Orm } from '../store/database.ts'
import { claimRemovals, type FileRemoval, finishRemoval, postponeRemoval, removeAbandoned } from '../store/files.ts'

/** How long a file may wait for its message. */
export const GRACE_MS = 86_400_000
const DEFAULT_POLL_MS = 15_000
/** Deletions of a moment are done together. */
const WAKE_MS = 200
const LEFTOVERS_INTERVAL_MS = 3_600_000
/** Longer than it takes to delete a batch. */
const LEASE_MS = 300_000
const BATCH = 20
const [FIRST_RETRY_MS, MAX_RETRY_MS] = [5_000, 3_600_000]

/** Dependencies of a sweeper. */
export type FileSweeperOptions = {
  orm: Orm
  storage: FileStorage
  log: Record<'info' | 'warn', (details: object, message: string) => void>
  pollMs?: number
}

/** See the head of this file. Failures are logged and retried. */
export class FileSweeper {
  readonly #options: FileSweeperOptions
  #timer: NodeJS.Timeout | undefined
  #wakeTimer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isSweeping = false
  #leftoversAt = 0
  #stopping = false

  constructor (options: FileSweeperOptions) {
    this.#options = options
  }

  /** Begins to look. */
  start (): void {
    this.#timer = setInterval(() => {
      if (!this.#isSweeping) void this.sweep()
    }, this.#options.pollMs ?? DEFAULT_POLL_MS)
    void this.sweep()
  }

  /** Looks in a moment: to be called after files may have been deleted. */
  wake (): void {
    if (this.#stopping || this.#wakeTimer !== undefined) return
    this.#wakeTimer = setTimeout(() => {
      this.#wakeTimer = undefined
      void this.sweep()
    }, WAKE_MS)
  }

  /** Deletes all that is due. Resolves when that was tried; a call meanwhile waits for the one before. */
  async sweep (): Promise<void> {
    const before = this.#running
    const run = (async () => {
      await before
      if (!this.#stopping) await this.#sweep()
    })()
    this.#running = run
    await run
  }

  /** Resolves when what is under way is over. */
  async stop (): Promise<void> {
    this.#stopping = true
    clearInterval(this.#timer)
    clearTimeout(this.#wakeTimer)
    await this.#running
  }

  async #sweep (): Promise<void> {
    const { orm, storage, log } = this.#options
    this.#isSweeping = true
    try {
      while ((await removeAbandoned(orm, GRACE_MS, BATCH)) === BATCH && !this.#stopping) continue
      for (;;) {
        const removals = this.#stopping ? [] : await claimRemovals(orm, BATCH, LEASE_MS)
        for (const removal of removals) await this.#remove(removal)
        if (removals.length < BATCH) break
      }
      if (Date.now() < this.#leftoversAt) return
      this.#leftoversAt = Date.now() + LEFTOVERS_INTERVAL_MS
      await storage.removeLeftovers()
    } catch (error) {
      log.warn({ err: error }, 'files that are no longer needed cannot be looked for; the next try follows')
    } finally {
      this.#isSweeping = false
    }
  }

  async #remove ({ id, file, uploadOnly, attempts }: FileRemoval): Promise<void> {
    const { orm, storage, log } = this.#options
    try {
      await storage.remove(file, uploadOnly ? 'upload' : 'all')
    } catch (error) {
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), MAX_RETRY_MS)
      log.warn({ err: error, file, attempts, retryInMs: delayMs }, 'the content of a file cannot be deleted')
      await postponeRemoval(orm, id, delayMs)
      return
    }
    await finishRemoval(orm, id)
  }
}
