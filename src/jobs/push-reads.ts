/**
 * Takes notifications back when their messages are read: read marks that move are noted, and looked up together a
 * moment later. A replica that dies in between leaves a notification as it is, until the next one of its chat replaces
 * it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Orm } from '../store/database.ts'
import { type ReadRange, takeBackRead } from '../store/push-marks.ts'

/** Marks that move within this time share a statement, in milliseconds. */
const BATCH_INTERVAL_MS = 200
const MAX_BATCH = 1_000
/** Marks that are noted at most; the others take nothing back. */
const MAX_NOTED = 50_000

/** Dependencies. */
export type PushReadsDeps = {
  orm: Orm
  /** Whether anybody is notified of anything. */
  isWanted: () => boolean
  /** Called when there may be new jobs. */
  onJobs: () => void
  log: Record<'warn', (details: object, message: string) => void>
}

/** Follows the read marks that move on this replica. */
export class PushReads {
  readonly #deps: PushReadsDeps
  readonly #noted = new Map<string, ReadRange>()
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined

  constructor (deps: PushReadsDeps) {
    this.#deps = deps
  }

  /** Notes a mark that has moved. Costs nothing while nobody is notified. */
  note ({ userId, chatId, seq, parentSeq }: Omit<ReadRange, 'parentSeq'> & { parentSeq: number | undefined }): void {
    const key = [chatId, userId, parentSeq].join(' ')
    if (!this.#deps.isWanted() || (this.#noted.size >= MAX_NOTED && !this.#noted.has(key))) return
    this.#noted.set(key, { userId, chatId, seq, parentSeq: parentSeq ?? null })
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Takes back what is noted, and resolves when that is over. */
  async stop (): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  async #run (): Promise<void> {
    while (this.#noted.size > 0) {
      // At the end what is left is looked up without a pause.
      await sleep(BATCH_INTERVAL_MS, undefined, { signal: this.#stopped.signal }).catch(() => undefined)
      const batch = [...this.#noted].slice(0, MAX_BATCH)
      for (const [key] of batch) this.#noted.delete(key)
      try {
        await takeBackRead(this.#deps.orm, batch.map(([, range]) => range))
        this.#deps.onJobs()
      } catch (error) {
        this.#deps.log.warn({ err: error }, 'notifications of messages that were read could not be taken back')
      }
    }
  }
}
