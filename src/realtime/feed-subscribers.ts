/** The subscribers of one feed, by how far each is: at the position of the feed, ahead of it, or behind in a replay. */
import type { ChatEvent } from '../domain/events/event.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import { Audience, type FeedSubscriber, writeTo } from './audience.ts'
import type { Codec } from './codec.ts'
import { areMixed, countBefore, framesIn, type EventBatch } from './event-batch.ts'
import type { Notice } from './notice.ts'

/** Shared by the many feeds without subscribers of a kind; never mutated. */
const NONE: never[] = []

/** The events of a batch, unless they are messages as they were posted, which are for all. */
function listIfMixed ({ events, isMixed }: EventBatch): readonly ChatEvent[] | undefined {
  const list = isMixed ? events?.list() : undefined
  return list !== undefined && areMixed(list) ? list : undefined
}

/** Knows who gets the events of a feed, and writes them. */
export class FeedSubscribers {
  /** Those at the position of the feed, by codec: usually one of these. */
  #audiences: readonly Audience[] = NONE
  /** Those ahead of the feed, with the next seq of each; rarely any. */
  #waiting: Map<FeedSubscriber, number> | undefined
  /** Those whose replay has not reached the feed yet; rarely any. */
  #replaying: Set<FeedSubscriber> | undefined

  /** Number of subscribers that receive deliveries. */
  get liveCount (): number {
    let count = 0
    for (const { subscribers } of this.#audiences) count += subscribers.size
    return count
  }

  /** The codec of some of the live ones; undefined when there are none. */
  get codec (): Codec | undefined {
    return this.#audiences[0]?.codec
  }

  get isEmpty (): boolean {
    return this.#audiences.length === 0 && this.#waiting === undefined && this.#replaying === undefined
  }

  /** Whether some are ahead of the feed. */
  get areWaiting (): boolean {
    return this.#waiting !== undefined
  }

  /** Everybody, live or not. */
  list (): FeedSubscriber[] {
    return [
      ...this.#audiences.flatMap(({ subscribers }) => [...subscribers]),
      ...(this.#waiting?.keys() ?? NONE),
      ...(this.#replaying ?? NONE)
    ]
  }

  /** Adds one that is at the position of the feed. */
  addLive (subscriber: FeedSubscriber): void {
    let audience = this.#audiences.find(({ codec }) => codec.name === subscriber.codec.name)
    if (audience === undefined) {
      audience = new Audience(subscriber.codec)
      this.#audiences = [...this.#audiences, audience]
    }
    audience.subscribers.add(subscriber)
  }

  /** Adds one that has everything before `startSeq`, and so more than the feed. */
  addWaiting (subscriber: FeedSubscriber, startSeq: number): void {
    this.#waiting = (this.#waiting ?? new Map()).set(subscriber, startSeq)
  }

  /** Adds one whose replay has not reached the feed yet. */
  addReplaying (subscriber: FeedSubscriber): void {
    this.#replaying = (this.#replaying ?? new Set()).add(subscriber)
  }

  isReplaying (subscriber: FeedSubscriber): boolean {
    return this.#replaying?.has(subscriber) === true
  }

  /** The next seq of one that is ahead of the feed. */
  startOf (subscriber: FeedSubscriber): number | undefined {
    return this.#waiting?.get(subscriber)
  }

  remove (subscriber: FeedSubscriber): void {
    this.#removeLive(subscriber)
    if (this.#waiting?.delete(subscriber) === true && this.#waiting.size === 0) this.#waiting = undefined
    if (this.#replaying?.delete(subscriber) === true && this.#replaying.size === 0) this.#replaying = undefined
  }

  #removeLive (subscriber: FeedSubscriber): void {
    const audience = this.#audiences.find(({ codec }) => codec.name === subscriber.codec.name)
    if (audience?.subscribers.delete(subscriber) === true && audience.subscribers.size === 0)
      this.#audiences = this.#audiences.length === 1 ? NONE : this.#audiences.filter((other) => other !== audience)
  }

  /** Whether a batch has frames for the codec of each one that a delivery concerns. */
  canRead (batch: EventBatch): boolean {
    // Whom its events may be shown to is not known.
    if (batch.isMixed && batch.events?.list() === undefined) return false
    for (const { codec } of this.#audiences) if (framesIn(batch, codec) === undefined) return false
    if (this.#waiting === undefined) return true
    for (const { codec } of this.#waiting.keys()) if (framesIn(batch, codec) === undefined) return false
    return true
  }

  /** Adds the events of a batch from a seq on to what the live ones get with the next flush. */
  deliver (batch: EventBatch, fromSeq: number, metrics: Metrics): void {
    const [skipped, mixed] = [countBefore(batch, fromSeq), listIfMixed(batch)]
    for (const audience of this.#audiences) {
      const frames = framesIn(batch, audience.codec)
      if (frames !== undefined) audience.add(frames, skipped, metrics, mixed)
    }
  }

  /** Makes those live that the feed has reached with a batch. The live ones must have been sent everything before. */
  admitWaiting (batch: EventBatch, nextSeq: number, metrics: Metrics): void {
    for (const [subscriber, startSeq] of this.#waiting ?? NONE) {
      if (startSeq > nextSeq) continue
      const frames = startSeq < nextSeq ? framesIn(batch, subscriber.codec) : undefined
      if (frames !== undefined) {
        const shown = writeTo(subscriber, { frames, skipped: countBefore(batch, startSeq), events: listIfMixed(batch) })
        metrics.framesSent.add(subscriber.codec.eventFrameType, shown)
      }
      this.remove(subscriber)
      this.addLive(subscriber)
    }
  }

  /** Writes what was delivered. @returns number of subscribers that received some */
  flush (metrics: Metrics): number {
    let count = 0
    for (const audience of this.#audiences) count += audience.flush(metrics)
    return count
  }

  /** Shows a notice to the live ones, or to all but one user. */
  show (notice: Notice, exceptUserId: number | undefined, metrics: Metrics): void {
    for (const audience of this.#audiences) audience.show(notice, exceptUserId, metrics)
  }
}
