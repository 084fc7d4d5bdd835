/** The live subscribers of one chat with a common codec, and the frames that wait to be sent to them. */
import { type ChatEvent, onlyReaderOf } from '../domain/events/event.ts'
import { targetOf } from '../domain/events/reading.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import { bytesBehind, shownBehind, type Codec, type Frames, type SubscriptionEnd } from './codec.ts'
import type { Notice } from './notice.ts'

/** Receives the frames of a chat. */
export type FeedSubscriber = {
  readonly userId: number
  /** The encoding of the events that it receives. */
  readonly codec: Codec
  /** The seq after which events are visible to this membership; another value is another membership. */
  readonly fromSeq: number
  /** The version of the membership that was read for this subscriber; an older list of members does not apply to it. */
  readonly membersVersion: number
  /** Whether the user is no member, and reads the chat because anybody may. */
  readonly isVisitor?: boolean
  /** The user has become a member: it is no visitor any more. */
  readonly admitted?: () => void
  /** Writes bytes of whole frames. */
  write: (bytes: Buffer) => void
  /** The user is no longer a member, or the chat is gone; nothing is written after this. */
  removed: (reason: SubscriptionEnd) => void
}

/** Shared by audiences without pending frames; never mutated. */
const NONE: never[] = []

/** Whether the content of an event is not for a member: its message is from before the membership, or hidden. */
function isMasked ({ userId, fromSeq }: Pick<FeedSubscriber, 'userId' | 'fromSeq'>, event: ChatEvent): boolean {
  return (targetOf(event) ?? Infinity) <= fromSeq || event.hiddenFrom?.includes(userId) === true
}

/**
 * The frame of an event for one subscriber: a masked one comes as a place, or not at all where the codec has none, and
 * one that is about the subscriber in full.
 */
export function frameFor (
  subscriber: Pick<FeedSubscriber, 'codec' | 'userId' | 'fromSeq'>, event: ChatEvent
): Buffer | undefined {
  const { codec, userId } = subscriber
  if (isMasked(subscriber, event)) return codec.encodePlace?.(event)
  const own = onlyReaderOf(event) === userId ? codec.encodeOwn?.(event) : undefined
  return own ?? codec.encodeEvent(event)
}

/** A batch to write: without its first `skipped` events. `events` are missing where all may see all of them. */
type Writing = { frames: Frames, skipped: number, events: readonly ChatEvent[] | undefined }

/** Writes a batch to one subscriber. @returns number of events that were shown */
export function writeTo (subscriber: FeedSubscriber, { frames, skipped, events }: Writing): number {
  if (events === undefined) {
    const bytes = bytesBehind(frames, skipped)
    if (bytes.length > 0) subscriber.write(bytes)
    return shownBehind(frames, skipped)
  }
  const shown = events.slice(Math.max(0, skipped)).flatMap((event) => frameFor(subscriber, event) ?? [])
  if (shown.length > 0) subscriber.write(Buffer.concat(shown))
  return shown.length
}

/** All of its subscribers are at the position of the feed. */
export class Audience {
  readonly codec: Codec
  readonly subscribers = new Set<FeedSubscriber>()
  #pending: Buffer[] = NONE
  #pendingFrames = 0

  constructor (codec: Codec) {
    this.codec = codec
  }

  /** Adds the events of a batch after its first `skipped` ones to the next flush. */
  add (frames: Frames, skipped: number, metrics: Metrics, events?: readonly ChatEvent[]): void {
    if (events !== undefined && this.#addMasked(events, frames, skipped, metrics)) return
    const bytes = bytesBehind(frames, skipped)
    if (bytes.length === 0) return
    this.#pendingFrames += shownBehind(frames, skipped)
    if (this.#pending.length === 0) this.#pending = [bytes]
    else this.#pending.push(bytes)
  }

  /**
   * Sends events one by one if some subscribers are shown them in another way.
   * @returns false when all are shown the same, as a rule
   */
  #addMasked (events: readonly ChatEvent[], frames: Frames, skipped: number, metrics: Metrics): boolean {
    let oldest = Infinity
    const special = new Set<number>()
    for (const event of events) {
      oldest = Math.min(oldest, targetOf(event) ?? Infinity)
      for (const userId of event.hiddenFrom ?? NONE) special.add(userId)
      const only = onlyReaderOf(event)
      if (only !== undefined) special.add(only)
    }
    if (!this.#isAny(({ userId, fromSeq }) => fromSeq >= oldest || special.has(userId))) return false
    this.flush(metrics)
    let shown = 0
    for (const subscriber of this.subscribers) shown += writeTo(subscriber, { frames, skipped, events })
    metrics.framesSent.add(this.codec.eventFrameType, shown)
    return true
  }

  #isAny (isMeant: (subscriber: FeedSubscriber) => boolean): boolean {
    for (const subscriber of this.subscribers) if (isMeant(subscriber)) return true
    return false
  }

  /** Writes a notice to members, all but the sockets of one user, if the codec shows it. */
  show (notice: Notice, exceptUserId: number | undefined, { framesSent }: Metrics): void {
    const shown = this.codec.showNotice?.(notice)
    if (shown === undefined) return
    const frame = encodeTextFrame(JSON.stringify(shown))
    let count = 0
    for (const subscriber of this.subscribers) {
      if (subscriber.userId === exceptUserId || subscriber.isVisitor === true) continue
      subscriber.write(frame)
      count++
    }
    framesSent.add(shown.type, count)
  }

  /** Writes the pending frames. @returns number of subscribers that received some */
  flush ({ framesSent }: Metrics): number {
    const [first] = this.#pending
    if (first === undefined) return 0
    const bytes = this.#pending.length === 1 ? first : Buffer.concat(this.#pending)
    this.#pending = NONE
    for (const subscriber of this.subscribers) subscriber.write(bytes)
    const count = this.subscribers.size
    if (count > 0) framesSent.add(this.codec.eventFrameType, this.#pendingFrames * count)
    this.#pendingFrames = 0
    return count
  }
}
