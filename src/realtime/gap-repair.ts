/**
 * What a feed was not told is read from the store: after a moment, a page at a time, until nothing is missing. A read
 * that brings the feed nothing nearer is not repeated before a pause, which grows.
 */
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { EventBatch } from './event-batch.ts'

/** How long a gap may stay, in milliseconds: the missing announcement of another replica is probably on its way. */
const REORDER_GRACE_MS = 30
const RETRY_DELAY_MS = 500
/** The longest pause between reads that bring nothing, in milliseconds. */
const MAX_STALL_MS = 2_000
/** So many of them in a row are no race between a commit and its announcement any more. */
const REPORTED_STALLS = 3
/** Events read at once: the longest of them fit into what may wait for a socket. */
const PAGE = 32

/** What shows that something is missing: a hint from beyond it, a look at the store, or a join that is ahead. */
export type RepairCause = 'gap' | 'sweep' | 'join'

/** Events that are missing: those behind the seq `after`, up to the highest seq that is known to exist. */
export type Gap = { readonly after: number, readonly head: number }

/** Misses events. */
export type GapTarget = {
  /** What is missing now and could be taken, if anything. */
  readonly gap: Gap | undefined
  /** Takes what the store has behind the beginning of a gap, which may be less than is missing, and nothing. */
  fill: (gap: Gap, batch: EventBatch) => void
}

/** Where what is missing is read. */
export type GapSource = {
  /**
   * The batch that begins behind `after`, of at most `limit` events; its version was read after them. Seqs that will
   * never come are covered by it without an event.
   */
  read: (chatId: number, after: number, limit: number) => Promise<EventBatch>
  /** Told of a failure to read, which is tried again. */
  failed: (error: unknown) => void
  /** Told once of a gap that stays although it is read again and again. */
  stalled: (chatId: number, gap: Gap) => void
  metrics: Metrics
}

/** Fills the gaps of one chat, with one query at a time. */
export class GapRepair {
  readonly #chatId: number
  readonly #feed: GapTarget
  readonly #source: GapSource
  #cause: RepairCause = 'gap'
  #timer: NodeJS.Timeout | undefined
  /** Reads in a row that brought nothing. */
  #stalls = 0
  #isRunning = false
  #isClosed = false

  constructor (chatId: number, feed: GapTarget, source: GapSource) {
    this.#chatId = chatId
    this.#feed = feed
    this.#source = source
  }

  /** Sees to it, unless it does so already, that what is missing after a moment is read. */
  schedule (cause: RepairCause): void {
    if (!this.#isRunning && this.#timer === undefined) this.#runAfter(REORDER_GRACE_MS, cause)
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #runAfter (delayMs: number, cause: RepairCause): void {
    if (this.#isClosed) return
    this.#cause = cause
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#run()
    }, delayMs)
  }

  async #run (): Promise<void> {
    this.#isRunning = true
    let delayMs = REORDER_GRACE_MS
    if (this.#feed.gap !== undefined) this.#source.metrics.positionRepairs.add(this.#cause)
    try {
      for (let { gap } = this.#feed; gap !== undefined && !this.#isClosed; { gap } = this.#feed) {
        this.#feed.fill(gap, await this.#source.read(this.#chatId, gap.after, PAGE))
        if (this.#feed.gap?.after === gap.after) {
          delayMs = this.#stall(gap)
          break
        }
        this.#stalls = 0
      }
    } catch (error) {
      delayMs = RETRY_DELAY_MS
      this.#source.failed(error)
    }
    this.#isRunning = false
    if (this.#feed.gap !== undefined) this.#runAfter(delayMs, this.#cause)
  }

  /** A read brought nothing. @returns the pause before the next one */
  #stall (gap: Gap): number {
    this.#stalls++
    this.#source.metrics.repairStalls++
    if (this.#stalls === REPORTED_STALLS) this.#source.stalled(this.#chatId, gap)
    return Math.min(REORDER_GRACE_MS * 2 ** this.#stalls, MAX_STALL_MS)
  }
}
