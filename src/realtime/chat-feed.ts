/**
 * The order of one chat on this replica: batches arrive from the bus and the local event writer, possibly lost,
 * doubled, late or out of order; every subscriber receives the seqs in order.
 */
import type { ChatEvent } from '../domain/events/event.ts'
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import { Audience, type FeedSubscriber, writeTo } from './audience.ts'
import type { Codec } from './codec.ts'
import { areMixed, type BatchMembership, countBefore, coversAny, framesIn, type EventBatch } from './event-batch.ts'
import type { Notice } from './notice.ts'
import { type Gap, GapRepair, type GapSource, type RepairCause } from './gap-repair.ts'
import { HeldBatches } from './held-batches.ts'

/** The position of a traced batch in its trace. */
export type BatchTrace = NonNullable<EventBatch['trace']>

const RETRY_DELAY_MS = 500
const MS_PER_S = 1_000

/** Shared by the many feeds without pending traces; never mutated. */
const NONE: never[] = []

/** Source of events and members that a feed has not received. */
export type FeedSource = GapSource & {
  /**
   * Those of these users who are members of a chat, whether anybody may read it, and a version of the membership that
   * this is at least as new as: 0 when there is no such chat any more.
   */
  members: (
    chatId: number,
    userIds: readonly number[]
  ) => Promise<{ version: number, fromSeqs: ReadonlyMap<number, number>, isOpen: boolean }>
  /** Called when traced batches have been written to this number of sockets. */
  delivered: (traces: readonly BatchTrace[], sockets: number) => void
}

/** The events of a batch, unless they are messages as they were posted, which are for all. */
function listIfMixed ({ events, isMixed }: EventBatch): readonly ChatEvent[] | undefined {
  const list = isMixed ? events?.list() : undefined
  return list !== undefined && areMixed(list) ? list : undefined
}

/** The feed of one chat. */
export class ChatFeed implements Flushable {
  readonly #chatId: number
  readonly #source: FeedSource
  /** The next seq to deliver; undefined until the chat's head is known. */
  #nextSeq: number | undefined
  /** The version of the membership that follows from the events before `#nextSeq`, or was read. */
  #membersVersion = 0
  /** A version that no event explains: the members must be read. */
  #wantedVersion = 0
  /** The version for which they were read last, until the next delivery. A false one says nothing of others. */
  #readVersion = 0
  /** A version that the membership has at a seq to come; rarely any. */
  #expected: { readonly version: number, readonly seq: number } | undefined
  /** The highest seq known to exist. */
  #knownHead = 0
  /** Subscribers at the position of the feed, by codec: usually one of these. */
  #audiences: readonly Audience[] = NONE
  /** Subscribers ahead of the feed, with the next seq of each; rarely any. */
  #waiting: Map<FeedSubscriber, number> | undefined
  /** Subscribers whose replay has not reached the feed yet; rarely any. */
  #replaying: Set<FeedSubscriber> | undefined
  /** Batches that cannot be delivered yet; rarely any. */
  #held: HeldBatches | undefined
  /** Commit time of the oldest event that is flushed at the end of this turn. */
  #pendingSince = Infinity
  /** Traces of the events to flush; rarely any. */
  #pendingTraces: BatchTrace[] | undefined
  #flushScheduled = false
  /** Created for the first gap; rarely any. */
  #repair: GapRepair | undefined
  #reloading = false
  #closed = false

  constructor (chatId: number, source: FeedSource) {
    this.#chatId = chatId
    this.#source = source
  }

  /** The next seq to deliver; 0 until the head is known. */
  get nextSeq (): number {
    return this.#nextSeq ?? 0
  }

  /** The version of the membership that is enforced. */
  get membersVersion (): number {
    return this.#membersVersion
  }

  /** The newest version of the membership that is known to exist. */
  get knownMembersVersion (): number {
    return Math.max(this.#membersVersion, this.#wantedVersion)
  }

  /** Number of subscribers that receive deliveries. */
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

  /** Receives a batch from the event writer or the bus. */
  receive (batch: EventBatch): void {
    this.#knownHead = Math.max(this.#knownHead, batch.lastSeq)
    if (coversAny(batch) && (this.#nextSeq === undefined || batch.lastSeq >= this.#nextSeq)) {
      if (this.#held === undefined && this.#isNext(batch)) this.#deliver(batch)
      else this.#hold(batch)
    } else this.#expectMembers(batch.membersVersion, batch.lastSeq)
    this.#advance('gap')
  }

  /** The events that subscribers wait for and no batch has brought; also undefined while the membership is unknown. */
  get gap (): Gap | undefined {
    if (this.#nextSeq === undefined || this.#knownHead < this.#nextSeq || this.#isFenced()) return undefined
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
      this.#membersVersion = membersVersion
      // Changes may have been announced before.
      this.observeMembers(0)
    } else this.#expectMembers(membersVersion, lastSeq)
    this.#advance(cause)
  }

  /**
   * Notes a version of the membership that follows from events up to a seq. If they do not explain it when they have
   * been delivered, because a replica of release 0.1 has changed the members, these are read.
   */
  #expectMembers (version: number, seq: number): void {
    if (version <= this.#membersVersion) this.observeMembers(0)
    else if (this.#nextSeq === undefined || seq < this.#nextSeq) this.observeMembers(version)
    else if (this.#expected === undefined || seq < this.#expected.seq) this.#expected = { version, seq }
  }

  /** Notes that the membership has changed without an event. Nothing is delivered until it has been read. */
  observeMembers (version: number): void {
    if (this.#closed) return
    this.#wantedVersion = Math.max(this.#wantedVersion, version)
    if (this.#nextSeq !== undefined && !this.#reloading && this.#isFenced()) void this.#reloadMembers()
  }

  /** Adds a subscriber whose replay has not reached the feed yet. */
  addReplaying (subscriber: FeedSubscriber): void {
    this.#replaying = (this.#replaying ?? new Set()).add(subscriber)
  }

  /** Adds a subscriber that has everything before `startSeq` to the live ones; it may be ahead of the feed. */
  attach (subscriber: FeedSubscriber, startSeq: number): void {
    this.detach(subscriber)
    // Pending frames precede this subscriber's start.
    this.flush()
    if (startSeq <= this.nextSeq) this.#addLive(subscriber)
    else {
      this.#waiting = (this.#waiting ?? new Map()).set(subscriber, startSeq)
      this.observeHead(startSeq - 1, this.#membersVersion, 'join')
    }
  }

  /** Changes the codec of a subscriber, which misses nothing. @param change sets it */
  recode (subscriber: FeedSubscriber, change: () => void): void {
    if (this.#replaying?.has(subscriber) === true) {
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
    return (this.#waiting?.get(subscriber) ?? this.nextSeq) - 1
  }

  /** Removes a subscriber. */
  detach (subscriber: FeedSubscriber): void {
    this.#removeLive(subscriber)
    if (this.#waiting?.delete(subscriber) === true && this.#waiting.size === 0) this.#waiting = undefined
    if (this.#replaying?.delete(subscriber) === true && this.#replaying.size === 0) this.#replaying = undefined
  }

  /** Shows a notice to the live subscribers, or to all but one user; to nobody while it is unknown who is a member. */
  show (notice: Notice, exceptUserId?: number): void {
    if (this.#isFenced()) return
    for (const audience of this.#audiences) audience.show(notice, exceptUserId, this.#source.metrics)
  }

  /** Writes frames that were delivered but not yet sent. */
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
    let audience = this.#audiences.find(({ codec }) => codec.name === subscriber.codec.name)
    if (audience === undefined) {
      audience = new Audience(subscriber.codec)
      this.#audiences = [...this.#audiences, audience]
    }
    audience.subscribers.add(subscriber)
  }

  #removeLive (subscriber: FeedSubscriber): void {
    const audience = this.#audiences.find(({ codec }) => codec.name === subscriber.codec.name)
    if (audience?.subscribers.delete(subscriber) === true && audience.subscribers.size === 0)
      this.#audiences = this.#audiences.length === 1 ? NONE : this.#audiences.filter((other) => other !== audience)
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
    if (this.#nextSeq === undefined || batch.firstSeq > this.#nextSeq) return false
    const { membersVersion, membership } = batch
    // The membership had changed before the events of the batch, and no event has told how.
    if (membersVersion - (membership?.steps ?? 0) > this.#membersVersion && membersVersion !== this.#readVersion)
      this.observeMembers(membersVersion)
    return !this.#isFenced()
  }

  #isFenced (): boolean {
    return this.#reloading || this.#wantedVersion > this.#membersVersion
  }

  /** Whether the batch has frames for each subscriber's codec. */
  #isReadable (batch: EventBatch): boolean {
    // Whom its events may be shown to is not known.
    if (batch.isMixed && batch.events?.list() === undefined) return false
    for (const { codec } of this.#audiences) if (framesIn(batch, codec) === undefined) return false
    if (this.#waiting === undefined) return true
    for (const { codec } of this.#waiting.keys()) if (framesIn(batch, codec) === undefined) return false
    return true
  }

  #deliver (batch: EventBatch): void {
    // It was published by a build without one of our codecs: its events are read from the store.
    if (!this.#isReadable(batch)) return
    const [skipped, mixed] = [countBefore(batch, this.nextSeq), listIfMixed(batch)]
    for (const audience of this.#audiences) {
      const frames = framesIn(batch, audience.codec)
      if (frames !== undefined) audience.add(frames, skipped, this.#source.metrics, mixed)
    }
    if (batch.frames.ends.length > 0) this.#pendingSince = Math.min(this.#pendingSince, batch.committedAt)
    if (batch.trace !== undefined) (this.#pendingTraces ??= []).push(batch.trace)
    this.#nextSeq = batch.lastSeq + 1
    this.#readVersion = 0
    if (this.#waiting !== undefined) this.#deliverToWaiting(this.#waiting, batch)
    else if (!this.#flushScheduled) {
      // Batches that arrive in the same turn of the event loop are sent in one write per socket.
      this.#flushScheduled = true
      flushAtEndOfTick(this)
    }
    if (batch.membership !== undefined) this.#changeMembers(batch, batch.membership)
    if (this.#expected !== undefined && this.#expected.seq < this.#nextSeq) {
      const { version } = this.#expected
      this.#expected = undefined
      if (version > this.#membersVersion) this.observeMembers(version)
    }
  }

  /** Applies the changes of the membership in a delivered batch: a removed user gets nothing after its last event. */
  #changeMembers ({ membersVersion, lastSeq, events }: EventBatch, { steps, removedUserId }: BatchMembership): void {
    this.#membersVersion = Math.max(this.#membersVersion, Math.min(membersVersion, this.#membersVersion + steps))
    this.#admit(events?.list())
    if (removedUserId === undefined) return
    this.flush()
    for (const subscriber of this.#subscribers()) {
      // A later membership of the same user begins after its end, or is read with a version that knows of it.
      if (subscriber.userId !== removedUserId || subscriber.fromSeq >= lastSeq) continue
      if (subscriber.membersVersion >= this.#membersVersion) continue
      this.detach(subscriber)
      subscriber.removed('removed')
    }
  }

  /** Tells the subscribers of visitors who have become members. */
  #admit (events: readonly ChatEvent[] = NONE): void {
    const members = new Set(events.flatMap((event) =>
      event.kind === 'member.joined' || event.kind === 'member.added' ? [event.userId] : []))
    if (members.size === 0) return
    for (const subscriber of this.#subscribers()) if (members.has(subscriber.userId)) subscriber.admitted?.()
  }

  #deliverToWaiting (waiting: Map<FeedSubscriber, number>, batch: EventBatch): void {
    this.flush()
    for (const [subscriber, startSeq] of waiting) {
      if (startSeq > this.nextSeq) continue
      const frames = startSeq < this.nextSeq ? framesIn(batch, subscriber.codec) : undefined
      if (frames !== undefined) {
        const shown = writeTo(subscriber, { frames, skipped: countBefore(batch, startSeq), events: listIfMixed(batch) })
        this.#source.metrics.framesSent.add(subscriber.codec.eventFrameType, shown)
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

  /** Drops the subscribers whose membership has ended, and resumes deliveries. */
  async #reloadMembers (): Promise<void> {
    this.#reloading = true
    // The store knows every change that was announced before the query, whatever its version; later announcements cause
    // another query.
    const wanted = this.#wantedVersion
    this.#wantedVersion = 0
    let [isLoaded, isComplete] = [false, true]
    try {
      const userIds = new Set(this.#subscribers().map(({ userId }) => userId))
      const { version, fromSeqs, isOpen } = await this.#source.members(this.#chatId, [...userIds])
      for (const subscriber of this.#subscribers()) {
        const { userId, fromSeq, membersVersion, isVisitor } = subscriber
        if (membersVersion > version || fromSeqs.get(userId) === fromSeq) continue
        if (isVisitor === true && isOpen && !fromSeqs.has(userId)) continue
        // It came while the members were read, with a membership that was read before: they are read again.
        if (!userIds.has(userId)) {
          this.#wantedVersion = Math.max(this.#wantedVersion, wanted)
          isComplete = false
          continue
        }
        this.detach(subscriber)
        subscriber.removed(version === 0 ? 'deleted' : 'removed')
      }
      if (isComplete) {
        this.#membersVersion = version
        this.#readVersion = wanted
      }
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
