/**
 * The order of one chat on this replica: runs come in as the bus and the local poster deliver them, lost, doubled, late
 * or out of order; every subscriber gets the seqs one after the other.
 */
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import { type Gap, GapRepair, type GapSource, type RepairCause } from './gap-repair.ts'
import { bytesFrom, firstSeqOf, type EventBatch } from './event-batch.ts'

/** Where a run that is traced stands in its trace. */
export type BatchTrace = NonNullable<EventBatch['trace']>

const RETRY_DELAY_MS = 500
const MS_PER_S = 1_000
/** Bytes of runs that may be held behind a gap; what is beyond will be read from the store. */
const MAX_HELD_BYTES = 1_048_576

/** Shared by the many feeds that have nothing to keep; never written to. */
const NONE: never[] = []

/** Who gets the frames of a chat. */
export type FeedSubscriber = {
  readonly userId: number
  /** The seq up to which nothing is shown to this membership; another value means another membership. */
  readonly fromSeq: number
  /** The version of the membership that was asked for this subscriber: a list from before it says nothing of them. */
  readonly membersVersion: number
  /** Takes bytes of whole frames. */
  write: (bytes: Buffer) => void
  /** The user is not a participant any more; nothing is written from here on. */
  removed: () => void
}

/** Where feeds read what they were not told. */
export type FeedSource = GapSource & {
  /** Who is in the chat, and the version of the membership that this is at least as new as. */
  members: (chatId: number) => Promise<{ version: number, fromSeqs: ReadonlyMap<number, number> }>
  /** Told when runs that are traced have been written to so many sockets. */
  delivered: (traces: readonly BatchTrace[], sockets: number) => void
}

/** The feed of one chat. */
export class ChatFeed implements Flushable {
  readonly #chatId: number
  readonly #source: FeedSource
  /** The seq that subscribers get next; undefined until the chat's head is known. */
  #nextSeq: number | undefined
  #membersVersion = 0
  #wantedVersion = 0
  /** The highest seq that is known to exist. */
  #knownHead = 0
  /** Subscribers in step with the feed. */
  readonly #live = new Set<FeedSubscriber>()
  /** Subscribers that are ahead of the feed, by the seq with which they go on; seldom any. */
  #waiting: Map<FeedSubscriber, number> | undefined
  /** Subscribers that are still reading their way up to the feed; seldom any. */
  #replaying: Set<FeedSubscriber> | undefined
  /** Runs that cannot be delivered yet, by their first seq. */
  #held: EventBatch[] = NONE
  #heldBytes = 0
  /** What is delivered and leaves at the end of this turn. */
  #pending: Buffer[] = NONE
  #pendingFrames = 0
  /** When the oldest of what is pending was committed. */
  #pendingSince = Infinity
  /** Those of the pending that are traced; seldom any. */
  #pendingTraces: BatchTrace[] | undefined
  #flushScheduled = false
  /** Made for the first gap; seldom any. */
  #repair: GapRepair | undefined
  #reloading = false
  #closed = false

  constructor (chatId: number, source: FeedSource) {
    this.#chatId = chatId
    this.#source = source
  }

  /** The seq that subscribers get next; 0 until the head is known. */
  get nextSeq (): number {
    return this.#nextSeq ?? 0
  }

  /** The version of the membership that is enforced. */
  get membersVersion (): number {
    return this.#membersVersion
  }

  /** How many subscribers get what is delivered. */
  get audience (): number {
    return this.#live.size
  }

  get isEmpty (): boolean {
    return this.#live.size === 0 && this.#waiting === undefined && this.#replaying === undefined
  }

  /** Takes a run from the poster or the bus. */
  receive (run: EventBatch): void {
    this.#knownHead = Math.max(this.#knownHead, run.lastSeq)
    this.observeMembers(run.membersVersion)
    if (run.ends.length > 0 && (this.#nextSeq === undefined || run.lastSeq >= this.#nextSeq)) {
      if (this.#held.length === 0 && this.#isNext(run)) this.#deliver(run)
      else this.#hold(run)
    }
    this.#advance('gap')
  }

  /** What subscribers wait for that no run has brought; undefined also while the membership is not known. */
  get gap (): Gap | undefined {
    if (this.#nextSeq === undefined || this.#knownHead < this.#nextSeq || this.#isFenced()) return undefined
    return { after: this.#nextSeq - 1, head: this.#knownHead }
  }

  /** Takes what the store has behind the beginning of a gap. */
  fill ({ after, head }: Gap, run: EventBatch): void {
    this.receive(run)
    // Nothing there: the chat is gone, or the hint was wrong.
    if (run.ends.length === 0 && this.#knownHead === head) this.#knownHead = after
  }

  /** Takes note that the chat goes up to a seq, with a membership of that version. The first call starts the feed. */
  observeHead (lastSeq: number, membersVersion: number, cause: RepairCause = 'sweep'): void {
    this.#knownHead = Math.max(this.#knownHead, lastSeq)
    if (this.#nextSeq === undefined) {
      this.#nextSeq = lastSeq + 1
      this.#membersVersion = membersVersion
    } else this.observeMembers(membersVersion)
    this.#advance(cause)
  }

  /** Takes note that the membership has changed. Nothing is delivered until the new one is known. */
  observeMembers (version: number): void {
    if (this.#closed) return
    this.#wantedVersion = Math.max(this.#wantedVersion, version)
    if (this.#nextSeq !== undefined && !this.#reloading && this.#isFenced()) void this.#reloadMembers()
  }

  /** Adds a subscriber that is still being brought up to the feed. */
  addReplaying (subscriber: FeedSubscriber): void {
    this.#replaying = (this.#replaying ?? new Set()).add(subscriber)
  }

  /** Lets a subscriber go on live with `startSeq`, which it has everything before; it may be ahead of the feed. */
  attach (subscriber: FeedSubscriber, startSeq: number): void {
    this.detach(subscriber)
    // What is on its way out now is from before this subscriber's time.
    this.flush()
    if (startSeq <= this.nextSeq) this.#live.add(subscriber)
    else {
      this.#waiting = (this.#waiting ?? new Map()).set(subscriber, startSeq)
      this.observeHead(startSeq - 1, this.#membersVersion, 'join')
    }
  }

  /** The seq up to which a subscriber that is attached has been brought. */
  positionOf (subscriber: FeedSubscriber): number {
    this.flush()
    return (this.#waiting?.get(subscriber) ?? this.nextSeq) - 1
  }

  /** Takes a subscriber off. */
  detach (subscriber: FeedSubscriber): void {
    this.#live.delete(subscriber)
    if (this.#waiting?.delete(subscriber) === true && this.#waiting.size === 0) this.#waiting = undefined
    if (this.#replaying?.delete(subscriber) === true && this.#replaying.size === 0) this.#replaying = undefined
  }

  /** Writes out what is delivered but not yet on its way. */
  flush (): void {
    const [first] = this.#pending
    if (first === undefined) return
    const bytes = this.#pending.length === 1 ? first : Buffer.concat(this.#pending)
    this.#pending = NONE
    for (const subscriber of this.#live) subscriber.write(bytes)
    if (this.#live.size > 0) {
      const { framesSent, deliverySeconds } = this.#source.metrics
      framesSent.add('new_message', this.#pendingFrames * this.#live.size)
      deliverySeconds.observe((Date.now() - this.#pendingSince) / MS_PER_S)
    }
    this.#pendingFrames = 0
    this.#pendingSince = Infinity
    if (this.#pendingTraces === undefined) return
    this.#source.delivered(this.#pendingTraces, this.#live.size)
    this.#pendingTraces = undefined
  }

  endTick (): void {
    this.#flushScheduled = false
    this.flush()
  }

  close (): void {
    this.#closed = true
    this.#repair?.close()
  }

  #hold (run: EventBatch): void {
    if (this.#nextSeq !== undefined && firstSeqOf(run) > this.#nextSeq) this.#source.metrics.hintGaps++
    this.#held = [...this.#held, run].sort((a, b) => firstSeqOf(a) - firstSeqOf(b))
    this.#heldBytes += run.bytes.length
    while (this.#heldBytes > MAX_HELD_BYTES && this.#held.length > 1)
      this.#heldBytes -= this.#held.pop()?.bytes.length ?? 0
  }

  /** Delivers whatever has come into line, and sees to what is missing. */
  #advance (cause: RepairCause): void {
    for (;;) {
      const [run] = this.#held
      if (run === undefined || !this.#isNext(run)) break
      this.#held = this.#held.length === 1 ? NONE : this.#held.slice(1)
      this.#heldBytes -= run.bytes.length
      if (run.lastSeq >= this.nextSeq) this.#deliver(run)
    }
    if (this.#nextSeq === undefined || this.#knownHead < this.#nextSeq || this.#closed) return
    this.#repair ??= new GapRepair(this.#chatId, this, this.#source)
    this.#repair.schedule(cause)
  }

  /** Whether a run may be delivered now, from the seq on that is due. */
  #isNext (run: EventBatch): boolean {
    return this.#nextSeq !== undefined && firstSeqOf(run) <= this.#nextSeq && !this.#isFenced()
  }

  #isFenced (): boolean {
    return this.#reloading || this.#wantedVersion > this.#membersVersion
  }

  #deliver (run: EventBatch): void {
    const bytes = bytesFrom(run, this.nextSeq)
    this.#pendingFrames += run.lastSeq + 1 - this.nextSeq
    this.#pendingSince = Math.min(this.#pendingSince, run.committedAt)
    if (run.trace !== undefined) (this.#pendingTraces ??= []).push(run.trace)
    this.#nextSeq = run.lastSeq + 1
    if (this.#pending.length === 0) this.#pending = [bytes]
    else this.#pending.push(bytes)
    if (this.#waiting !== undefined) this.#deliverToWaiting(this.#waiting, run)
    else if (!this.#flushScheduled) {
      // Runs that arrive in the same turn of the event loop leave in one write per socket.
      this.#flushScheduled = true
      flushAtEndOfTick(this)
    }
  }

  #deliverToWaiting (waiting: Map<FeedSubscriber, number>, run: EventBatch): void {
    this.flush()
    for (const [subscriber, startSeq] of waiting) {
      if (startSeq > this.nextSeq) continue
      if (startSeq < this.nextSeq) {
        subscriber.write(bytesFrom(run, startSeq))
        this.#source.metrics.framesSent.add('new_message', this.nextSeq - startSeq)
      }
      this.detach(subscriber)
      this.#live.add(subscriber)
    }
  }

  /** Drops the subscribers whose membership has ended, then lets the deliveries go on. */
  async #reloadMembers (): Promise<void> {
    this.#reloading = true
    // The store knows every change that was announced before it is asked, whatever number it was announced with; what
    // is announced from here on is another question.
    const wanted = this.#wantedVersion
    this.#wantedVersion = 0
    let isLoaded = false
    try {
      const { version, fromSeqs } = await this.#source.members(this.#chatId)
      for (const subscriber of [...this.#live, ...(this.#waiting?.keys() ?? NONE), ...(this.#replaying ?? NONE)]) {
        if (subscriber.membersVersion > version || fromSeqs.get(subscriber.userId) === subscriber.fromSeq) continue
        this.detach(subscriber)
        subscriber.removed()
      }
      this.#membersVersion = version
      isLoaded = true
    } catch (error) {
      this.#wantedVersion = Math.max(this.#wantedVersion, wanted)
      this.#source.failed(error)
    }
    this.#reloading = false
    if (this.#closed) return
    if (isLoaded) this.observeMembers(0)
    else setTimeout(() => this.observeMembers(0), RETRY_DELAY_MS)
    this.#advance('gap')
  }
}
