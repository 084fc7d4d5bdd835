/**
 * Reads events that a feed has not received from the store: after a grace period, in pages, until nothing is missing. A
 * read without progress is repeated after a pause that grows.
 */
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { EventBatch } from './event-batch.ts'

/** How long a gap may exist, in milliseconds: the missing announcement of another replica is probably on its way. */
const REORDER_GRACE_MS = 30
const RETRY_DELAY_MS = 500
/** Longest pause between reads without progress, in milliseconds. */
const MAX_STALL_MS = 2_000
/** Number of reads without progress in a row that no race between a commit and its announcement explains. */
const REPORTED_STALLS = 3
/** Events read at once: the longest ones fit into the send buffer of a socket. */
const PAGE = 32

/** What revealed the gap: a hint from beyond it, the sweep, or a join ahead of the feed. */
export type RepairCause = 'gap' | 'sweep' | 'join'

/** Missing events: those after the seq `after`, up to the highest seq known to exist. */
export type Gap = { readonly after: number, readonly head: number }

/** A feed with possible gaps. */
export type GapTarget = {
  /** The events that are missing now and could be received, if any. */
  readonly gap: Gap | undefined
  /** Receives the events that the store has after the beginning of a gap: some, all or none of the missing ones. */
  fill: (gap: Gap, batch: EventBatch) => void
}

/** The source of missing events. */
export type GapSource = {
  /**
   * Returns the batch that begins after `after`, of at most `limit` events; its version was read after them. It
   * includes seqs that will never appear without an event.
   */
  read: (chatId: number, after: number, limit: number) => Promise<EventBatch>
  /** Called when a read failed, which is retried. */
  failed: (error: unknown) => void
  /** Called once for a gap that remains although it is read repeatedly. */
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
  /** Reads without progress in a row. */
  #stalls = 0
  #isRunning = false
  #isClosed = false

  constructor (chatId: number, feed: GapTarget, source: GapSource) {
    this.#chatId = chatId
    this.#feed = feed
    this.#source = source
  }

  /** Schedules a read of the events that are still missing after the grace period, unless one is scheduled. */
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

  /** Handles a read without progress. @returns the pause before the next one */
  #stall (gap: Gap): number {
    this.#stalls++
    this.#source.metrics.repairStalls++
    if (this.#stalls === REPORTED_STALLS) this.#source.stalled(this.#chatId, gap)
    return Math.min(REORDER_GRACE_MS * 2 ** this.#stalls, MAX_STALL_MS)
  }
}
