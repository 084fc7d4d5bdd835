/**
 * The membership fence of a feed: nothing is delivered while it is unknown who may read it. Events tell how the
 * membership changes; a version that no event explains makes the fence read the members from the store.
 */
import type { ChatEvent } from '../domain/events/event.ts'
import type { FeedSubscriber } from './audience.ts'
import type { BatchMembership, EventBatch } from './event-batch.ts'
import type { FeedSubscribers } from './feed-subscribers.ts'

const RETRY_DELAY_MS = 500

/** Shared by batches without events; never mutated. */
const NONE: never[] = []

/** Source of the members of a chat. */
export type MemberSource = {
  /**
   * Those of these users who are members of a chat, whether anybody may read it, and a version of the membership that
   * this is at least as new as: 0 when there is no such chat any more.
   */
  members: (
    chatId: number,
    userIds: readonly number[]
  ) => Promise<{ version: number, fromSeqs: ReadonlyMap<number, number>, isOpen: boolean }>
  /** Called when the members could not be read, which is retried. */
  failed: (error: unknown) => void
}

/** A feed behind the fence. */
export type FencedFeed = {
  readonly subscribers: Pick<FeedSubscribers, 'list'>
  /** Writes what was delivered. */
  flush: () => void
  detach: (subscriber: FeedSubscriber) => void
  /** The fence may be down: deliveries continue if it is. */
  resume: () => void
}

/** Withholds the events of one chat, and removes the subscribers whose membership has ended. */
export class MembershipFence {
  readonly #chatId: number
  readonly #feed: FencedFeed
  readonly #source: MemberSource
  /** The version that follows from the delivered events, or was read. */
  #version = 0
  /** A version that no event explains: the members must be read. */
  #wantedVersion = 0
  /** The version for which they were read last, until the next delivery. A false one says nothing of others. */
  #readVersion = 0
  /** A version that the membership has at a seq to come; rarely any. */
  #expected: { readonly version: number, readonly seq: number } | undefined
  #isStarted = false
  #isReading = false
  #isClosed = false

  constructor (chatId: number, feed: FencedFeed, source: MemberSource) {
    this.#chatId = chatId
    this.#feed = feed
    this.#source = source
  }

  /** The version of the membership that is enforced. */
  get version (): number {
    return this.#version
  }

  /** The newest version of the membership that is known to exist. */
  get knownVersion (): number {
    return Math.max(this.#version, this.#wantedVersion)
  }

  /** Whether nothing may be delivered. */
  get isUp (): boolean {
    return this.#isReading || this.#wantedVersion > this.#version
  }

  /** Begins with the version that belongs to the position of the feed. */
  start (version: number): void {
    this.#isStarted = true
    this.#version = version
    // Changes may have been announced before.
    this.observe(0)
  }

  /** Notes that the membership has changed without an event. Nothing is delivered until it has been read. */
  observe (version: number): void {
    if (this.#isClosed) return
    this.#wantedVersion = Math.max(this.#wantedVersion, version)
    if (this.#isStarted && !this.#isReading && this.isUp) void this.#readMembers()
  }

  /**
   * Notes a version of the membership that follows from events up to a seq. If they do not explain it when they have
   * been delivered, because a replica of release 0.1 has changed the members, these are read.
   */
  expect (version: number, seq: number, nextSeq: number): void {
    if (version <= this.#version) this.observe(0)
    else if (!this.#isStarted || seq < nextSeq) this.observe(version)
    else if (this.#expected === undefined || seq < this.#expected.seq) this.#expected = { version, seq }
  }

  /** Whether a batch that is next in order may be delivered now. */
  mayPass ({ membersVersion, membership }: EventBatch): boolean {
    // The membership had changed before the events of the batch, and no event has told how.
    if (membersVersion - (membership?.steps ?? 0) > this.#version && membersVersion !== this.#readVersion)
      this.observe(membersVersion)
    return !this.isUp
  }

  /** Applies what a delivered batch says of the members. @param nextSeq the seq after its last event */
  passed (batch: EventBatch, nextSeq: number): void {
    this.#readVersion = 0
    if (batch.membership !== undefined) this.#change(batch, batch.membership)
    if (this.#expected === undefined || this.#expected.seq >= nextSeq) return
    const { version } = this.#expected
    this.#expected = undefined
    if (version > this.#version) this.observe(version)
  }

  close (): void {
    this.#isClosed = true
  }

  /** A removed user gets nothing after the event that says so. */
  #change ({ membersVersion, lastSeq, events }: EventBatch, { steps, removedUserId }: BatchMembership): void {
    this.#version = Math.max(this.#version, Math.min(membersVersion, this.#version + steps))
    this.#admit(events?.list())
    if (removedUserId === undefined) return
    this.#feed.flush()
    for (const subscriber of this.#feed.subscribers.list()) {
      // A later membership of the same user begins after its end, or is read with a version that knows of it.
      if (subscriber.userId !== removedUserId || subscriber.fromSeq >= lastSeq) continue
      if (subscriber.membersVersion >= this.#version) continue
      this.#feed.detach(subscriber)
      subscriber.removed('removed')
    }
  }

  /** Tells the subscribers of visitors who have become members. */
  #admit (events: readonly ChatEvent[] = NONE): void {
    const members = new Set(events.flatMap((event) =>
      event.kind === 'member.joined' || event.kind === 'member.added' ? [event.userId] : []))
    if (members.size === 0) return
    for (const subscriber of this.#feed.subscribers.list())
      if (members.has(subscriber.userId)) subscriber.admitted?.()
  }

  /** Drops the subscribers whose membership has ended, and resumes deliveries. */
  async #readMembers (): Promise<void> {
    this.#isReading = true
    // The store knows every change that was announced before the query, whatever its version; later announcements cause
    // another query.
    const wanted = this.#wantedVersion
    this.#wantedVersion = 0
    let isRead = true
    try {
      await this.#dropFormerMembers(wanted)
    } catch (error) {
      isRead = false
      this.#wantedVersion = Math.max(this.#wantedVersion, wanted)
      this.#source.failed(error)
    }
    this.#isReading = false
    if (this.#isClosed) return
    if (isRead) this.observe(0)
    else setTimeout(() => this.observe(0), RETRY_DELAY_MS)
    this.#feed.resume()
  }

  async #dropFormerMembers (wanted: number): Promise<void> {
    let isComplete = true
    const userIds = new Set(this.#feed.subscribers.list().map(({ userId }) => userId))
    const { version, fromSeqs, isOpen } = await this.#source.members(this.#chatId, [...userIds])
    for (const subscriber of this.#feed.subscribers.list()) {
      const { userId, fromSeq, membersVersion, isVisitor } = subscriber
      if (membersVersion > version || fromSeqs.get(userId) === fromSeq) continue
      if (isVisitor === true && isOpen && !fromSeqs.has(userId)) continue
      // It came while the members were read, with a membership that was read before: they are read again.
      if (!userIds.has(userId)) {
        this.#wantedVersion = Math.max(this.#wantedVersion, wanted)
        isComplete = false
        continue
      }
      this.#feed.detach(subscriber)
      subscriber.removed(version === 0 ? 'deleted' : 'removed')
    }
    if (!isComplete) return
    this.#version = version
    this.#readVersion = wanted
  }
}
