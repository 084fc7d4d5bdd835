/**
 * The order of one chat on this replica: batches come in as the bus and the local poster deliver them, lost, doubled,
 * late or out of order; every subscriber gets the seqs one after the other.
 */
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import { Audience, type FeedSubscriber } from './audience.ts'
import { bytesBehind, shownBehind, type Codec } from './codec.ts'
import { countBefore, coversAny, framesIn, type EventBatch } from './event-batch.ts'
import { type Gap, GapRepair, type GapSource, type RepairCause } from './gap-repair.ts'
import { HeldBatches } from './held-batches.ts'

/** Where a batch that is traced stands in its trace. */
export type BatchTrace = NonNullable<EventBatch['trace']>

const RETRY_DELAY_MS = 500
const MS_PER_S = 1_000

/** Shared by the many feeds that have nothing to keep; never written to. */
const NONE: never[] = []

/** Where feeds read what they were not told. */
export type FeedSource = GapSource & {
  /** Who is in the chat, and the version of the membership that this is at least as new as. */
  members: (chatId: number) => Promise<{ version: number, fromSeqs: ReadonlyMap<number, number> }>
  /** Told when batches that are traced have been written to so many sockets. */
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
  /** Subscribers in step with the feed, by their codecs: one of these as a rule. */
  #audiences: readonly Audience[] = NONE
  /** Subscribers that are ahead of the feed, by the seq with which they go on; seldom any. */
  #waiting: Map<FeedSubscriber, number> | undefined
  /** Subscribers that are still reading their way up to the feed; seldom any. */
  #replaying: Set<FeedSubscriber> | undefined
  /** Batches that cannot be delivered yet; seldom any. */
  #held: HeldBatches | undefined
  /** When the oldest of what is delivered and leaves at the end of this turn was committed. */
  #pendingSince = Infinity
  /** Those of it that are traced; seldom any. */
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
  get liveCount (): number {
    let count = 0
    for (const { subscribers } of this.#audiences) count += subscribers.size
    return count
  }

  /** The codec of some of its live subscribers; undefined when there are none. */
  get codec (): Codec | undefined {
    return this.#audiences[0]?.codec
  }

  get isEmpty (): boolean {
    return this.liveCount === 0 && this.#waiting === undefined && this.#replaying === undefined
  }

  /** Takes a batch from the poster or the bus. */
  receive (batch: EventBatch): void {
    this.#knownHead = Math.max(this.#knownHead, batch.lastSeq)
    this.observeMembers(batch.membersVersion)
    if (coversAny(batch) && (this.#nextSeq === undefined || batch.lastSeq >= this.#nextSeq)) {
      if (this.#held === undefined && this.#isNext(batch)) this.#deliver(batch)
      else this.#hold(batch)
    }
    this.#advance('gap')
  }

  /** What subscribers wait for that no batch has brought; undefined also while the membership is not known. */
  get gap (): Gap | undefined {
    if (this.#nextSeq === undefined || this.#knownHead < this.#nextSeq || this.#isFenced()) return undefined
    return { after: this.#nextSeq - 1, head: this.#knownHead }
  }

  /** Takes what the store has behind the beginning of a gap. */
  fill ({ after, head }: Gap, batch: EventBatch): void {
    this.receive(batch)
    // Nothing there: the chat is gone, or the hint was wrong.
    if (!coversAny(batch) && this.#knownHead === head) this.#knownHead = after
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
    if (startSeq <= this.nextSeq) this.#addLive(subscriber)
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
    this.#removeLive(subscriber)
    if (this.#waiting?.delete(subscriber) === true && this.#waiting.size === 0) this.#waiting = undefined
    if (this.#replaying?.delete(subscriber) === true && this.#replaying.size === 0) this.#replaying = undefined
  }

  /** Writes out what is delivered but not yet on its way. */
  flush (): void {
    if (this.#pendingSince === Infinity) return
    const { metrics } = this.#source
    let count = 0
    for (const audience of this.#audiences) count += audience.flush(metrics)
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
    this.#repair?.close()
  }

  #addLive (subscriber: FeedSubscriber): void {
    let audience = this.#audiences.find(({ codec }) => codec === subscriber.codec)
    if (audience === undefined) {
      audience = new Audience(subscriber.codec)
      this.#audiences = [...this.#audiences, audience]
    }
    audience.subscribers.add(subscriber)
  }

  #removeLive (subscriber: FeedSubscriber): void {
    const audience = this.#audiences.find(({ codec }) => codec === subscriber.codec)
    if (audience?.subscribers.delete(subscriber) === true && audience.subscribers.size === 0)
      this.#audiences = this.#audiences.length === 1 ? NONE : this.#audiences.filter((other) => other !== audience)
  }

  #hold (batch: EventBatch): void {
    if (this.#nextSeq !== undefined && batch.firstSeq > this.#nextSeq) this.#source.metrics.hintGaps++
    this.#held ??= new HeldBatches()
    this.#held.add(batch)
  }

  /** Delivers whatever has come into line, and sees to what is missing. */
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

  /** Whether a batch may be delivered now, from the seq on that is due. */
  #isNext (batch: EventBatch): boolean {
    return this.#nextSeq !== undefined && batch.firstSeq <= this.#nextSeq && !this.#isFenced()
  }

  #isFenced (): boolean {
    return this.#reloading || this.#wantedVersion > this.#membersVersion
  }

  /** Whether each subscriber's frames can be had from a batch. */
  #isReadable (batch: EventBatch): boolean {
    for (const { codec } of this.#audiences) if (framesIn(batch, codec) === undefined) return false
    if (this.#waiting === undefined) return true
    for (const { codec } of this.#waiting.keys()) if (framesIn(batch, codec) === undefined) return false
    return true
  }

  #deliver (batch: EventBatch): void {
    // A build that lacks a codec of ours has published it: what it brings is read from the store.
    if (!this.#isReadable(batch)) return
    const skipped = countBefore(batch, this.nextSeq)
    for (const audience of this.#audiences) {
      const frames = framesIn(batch, audience.codec)
      if (frames !== undefined) audience.add(frames, skipped)
    }
    if (batch.frames.ends.length > 0) this.#pendingSince = Math.min(this.#pendingSince, batch.committedAt)
    if (batch.trace !== undefined) (this.#pendingTraces ??= []).push(batch.trace)
    this.#nextSeq = batch.lastSeq + 1
    if (this.#waiting !== undefined) this.#deliverToWaiting(this.#waiting, batch)
    else if (!this.#flushScheduled) {
      // Batches that arrive in the same turn of the event loop leave in one write per socket.
      this.#flushScheduled = true
      flushAtEndOfTick(this)
    }
  }

  #deliverToWaiting (waiting: Map<FeedSubscriber, number>, batch: EventBatch): void {
    this.flush()
    for (const [subscriber, startSeq] of waiting) {
      if (startSeq > this.nextSeq) continue
      const frames = startSeq < this.nextSeq ? framesIn(batch, subscriber.codec) : undefined
      if (frames !== undefined) {
        const skipped = countBefore(batch, startSeq)
        const bytes = bytesBehind(frames, skipped)
        if (bytes.length > 0) subscriber.write(bytes)
        this.#source.metrics.framesSent.add(subscriber.codec.eventFrameType, shownBehind(frames, skipped))
      }
      this.detach(subscriber)
      this.#addLive(subscriber)
    }
  }

  #subscribers (): FeedSubscriber[] {
    return [
      ...this.#audiences.flatMap(({ subscribers }) => [...subscribers]),
      ...(this.#waiting?.keys() ?? NONE),
      ...(this.#replaying ?? NONE)
    ]
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
      for (const subscriber of this.#subscribers()) {
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
