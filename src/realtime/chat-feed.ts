/**
 * The order of one chat on this replica: batches arrive from the bus and the local event writer, possibly lost,
 * doubled, late or out of order; every subscriber receives the seqs in order.
 */
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import type { FeedSubscriber } from './audience.ts'
import type { Codec } from './codec.ts'
import { coversAny, type EventBatch } from './event-batch.ts'
import { FeedSubscribers } from './feed-subscribers.ts'
import { type Gap, GapRepair, type GapSource, type GapTarget, type RepairCause } from './gap-repair.ts'
import { HeldBatches } from './held-batches.ts'
import { type FencedFeed, type MemberSource, MembershipFence } from './membership-fence.ts'
import type { Notice } from './notice.ts'

/** The position of a traced batch in its trace. */
export type BatchTrace = NonNullable<EventBatch['trace']>

const MS_PER_S = 1_000

/** Source of events and members that a feed has not received. */
export type FeedSource = GapSource & MemberSource & {
  /** Called when traced batches have been written to this number of sockets. */
  delivered: (traces: readonly BatchTrace[], sockets: number) => void
}

/** The feed of one chat. */
export class ChatFeed implements Flushable, GapTarget, FencedFeed {
  readonly #chatId: number
  readonly #source: FeedSource
  readonly subscribers = new FeedSubscribers()
  readonly #fence: MembershipFence
  /** The next seq to deliver; undefined until the chat's head is known. */
  #nextSeq: number | undefined
  /** The highest seq known to exist. */
  #knownHead = 0
  /** Batches that cannot be delivered yet; rarely any. */
  #held: HeldBatches | undefined
  /** Commit time of the oldest event that is flushed at the end of this turn. */
  #pendingSince = Infinity
  /** Traces of the events to flush; rarely any. */
  #pendingTraces: BatchTrace[] | undefined
  #flushScheduled = false
  /** Created for the first gap; rarely any. */
  #repair: GapRepair | undefined
  #closed = false

  constructor (chatId: number, source: FeedSource) {
    this.#chatId = chatId
    this.#source = source
    this.#fence = new MembershipFence(chatId, this, source)
  }

  /** The next seq to deliver; 0 until the head is known. */
  get nextSeq (): number {
    return this.#nextSeq ?? 0
  }

  /** The version of the membership that is enforced. */
  get membersVersion (): number {
    return this.#fence.version
  }

  /** The newest version of the membership that is known to exist. */
  get knownMembersVersion (): number {
    return this.#fence.knownVersion
  }

  /** Number of subscribers that receive deliveries. */
  get liveCount (): number {
    return this.subscribers.liveCount
  }

  /** The codec of some of its live subscribers; undefined when there are none. */
  get codec (): Codec | undefined {
    return this.subscribers.codec
  }

  get isEmpty (): boolean {
    return this.subscribers.isEmpty
  }

  /** Receives a batch from the event writer or the bus. */
  receive (batch: EventBatch): void {
    this.#knownHead = Math.max(this.#knownHead, batch.lastSeq)
    if (coversAny(batch) && (this.#nextSeq === undefined || batch.lastSeq >= this.#nextSeq)) {
      if (this.#held === undefined && this.#isNext(batch)) this.#deliver(batch)
      else this.#hold(batch)
    } else this.#fence.expect(batch.membersVersion, batch.lastSeq, this.nextSeq)
    this.#advance('gap')
  }

  /** The events that subscribers wait for and no batch has brought; also undefined while the membership is unknown. */
  get gap (): Gap | undefined {
    if (this.#nextSeq === undefined || this.#knownHead < this.#nextSeq || this.#fence.isUp) return undefined
    return { after: this.#nextSeq - 1, head: this.#knownHead }
  }

  /** Receives the events that the store has after the beginning of a gap. */
  fill ({ after, head }: Gap, batch: EventBatch): void {
    this.receive(batch)
    // Nothing there: the chat was deleted, or the hint was wrong.
    if (!coversAny(batch) && this.#knownHead === head) this.#knownHead = after
  }

  /** Notes that the chat extends to a seq, with a membership of that version. The first call starts the feed. */
  observeHead (lastSeq: number, membersVersion: number, cause: RepairCause = 'sweep'): void {
    this.#knownHead = Math.max(this.#knownHead, lastSeq)
    if (this.#nextSeq === undefined) {
      this.#nextSeq = lastSeq + 1
      this.#fence.start(membersVersion)
    } else this.#fence.expect(membersVersion, lastSeq, this.#nextSeq)
    this.#advance(cause)
  }

  /** Notes that the membership has changed without an event. Nothing is delivered until it has been read. */
  observeMembers (version: number): void {
    this.#fence.observe(version)
  }

  /** Delivers what the membership fence has withheld, if it is down. */
  resume (): void {
    this.#advance('gap')
  }

  /** Adds a subscriber whose replay has not reached the feed yet. */
  addReplaying (subscriber: FeedSubscriber): void {
    this.subscribers.addReplaying(subscriber)
  }

  /** Adds a subscriber that has everything before `startSeq` to the live ones; it may be ahead of the feed. */
  attach (subscriber: FeedSubscriber, startSeq: number): void {
    this.detach(subscriber)
    // Pending frames precede this subscriber's start.
    this.flush()
    if (startSeq <= this.nextSeq) this.subscribers.addLive(subscriber)
    else {
      this.subscribers.addWaiting(subscriber, startSeq)
      this.observeHead(startSeq - 1, this.membersVersion, 'join')
    }
  }

  /** Changes the codec of a subscriber, which misses nothing. @param change sets it */
  recode (subscriber: FeedSubscriber, change: () => void): void {
    if (this.subscribers.isReplaying(subscriber)) {
      change()
      return
    }
    const position = this.positionOf(subscriber)
    this.detach(subscriber)
    change()
    this.attach(subscriber, position + 1)
  }

  /** The seq up to which an attached subscriber has received everything. */
  positionOf (subscriber: FeedSubscriber): number {
    this.flush()
    return (this.subscribers.startOf(subscriber) ?? this.nextSeq) - 1
  }

  /** Removes a subscriber. */
  detach (subscriber: FeedSubscriber): void {
    this.subscribers.remove(subscriber)
  }

  /** Shows a notice to the live subscribers, or to all but one user; to nobody while it is unknown who is a member. */
  show (notice: Notice, exceptUserId?: number): void {
    if (!this.#fence.isUp) this.subscribers.show(notice, exceptUserId, this.#source.metrics)
  }

  /** Writes frames that were delivered but not yet sent. */
  flush (): void {
    if (this.#pendingSince === Infinity) return
    const { metrics } = this.#source
    const count = this.subscribers.flush(metrics)
    if (count > 0) metrics.deliverySeconds.observe((Date.now() - this.#pendingSince) / MS_PER_S)
    this.#pendingSince = Infinity
    if (this.#pendingTraces === undefined) return
    this.#source.delivered(this.#pendingTraces, count)
    this.#pendingTraces = undefined
  }

  endTick (): void {
    this.#flushScheduled = false
    this.flush()
  }

  close (): void {
    this.#closed = true
    this.#fence.close()
    this.#repair?.close()
  }

  #hold (batch: EventBatch): void {
    if (this.#nextSeq !== undefined && batch.firstSeq > this.#nextSeq) this.#source.metrics.hintGaps++
    this.#held ??= new HeldBatches()
    this.#held.add(batch)
  }

  /** Delivers batches that are in order now, and schedules repairs of gaps. */
  #advance (cause: RepairCause): void {
    if (this.#held !== undefined) this.#deliverHeld(this.#held)
    if (this.#nextSeq === undefined || this.#knownHead < this.#nextSeq || this.#closed) return
    this.#repair ??= new GapRepair(this.#chatId, this, this.#source)
    this.#repair.schedule(cause)
  }

  #deliverHeld (held: HeldBatches): void {
    for (let batch = held.first; batch !== undefined && this.#isNext(batch); batch = held.first) {
      held.removeFirst()
      if (batch.lastSeq >= this.nextSeq) this.#deliver(batch)
    }
    if (held.first === undefined) this.#held = undefined
  }

  /** Whether a batch contains the next seq and may be delivered now. */
  #isNext (batch: EventBatch): boolean {
    return this.#nextSeq !== undefined && batch.firstSeq <= this.#nextSeq && this.#fence.mayPass(batch)
  }

  #deliver (batch: EventBatch): void {
    const { metrics } = this.#source
    // It was published by a build without one of our codecs: its events are read from the store.
    if (!this.subscribers.canRead(batch)) return
    this.subscribers.deliver(batch, this.nextSeq, metrics)
    if (batch.frames.ends.length > 0) this.#pendingSince = Math.min(this.#pendingSince, batch.committedAt)
    if (batch.trace !== undefined) (this.#pendingTraces ??= []).push(batch.trace)
    this.#nextSeq = batch.lastSeq + 1
    if (this.subscribers.areWaiting) {
      this.flush()
      this.subscribers.admitWaiting(batch, this.#nextSeq, metrics)
    } else if (!this.#flushScheduled) {
      // Batches that arrive in the same turn of the event loop are sent in one write per socket.
      this.#flushScheduled = true
      flushAtEndOfTick(this)
    }
    this.#fence.passed(batch, this.#nextSeq)
  }
}
