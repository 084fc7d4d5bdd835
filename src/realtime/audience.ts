/** The live subscribers of one chat that share a codec, and what is on its way to them. */
import type { Metrics } from '../observability/metrics/metrics.ts'
import { bytesBehind, shownBehind, type Codec, type Frames } from './codec.ts'

/** Gets the frames of a chat. */
export type FeedSubscriber = {
  readonly userId: number
  /** How it is shown events. */
  readonly codec: Codec
  /** The seq up to which nothing is shown to this membership; another value means another membership. */
  readonly fromSeq: number
  /** The version of the membership that was asked for this subscriber: a list from before it says nothing of them. */
  readonly membersVersion: number
  /** Takes bytes of whole frames. */
  write: (bytes: Buffer) => void
  /** The user is not a participant any more; nothing is written from here on. */
  removed: () => void
}

/** Shared by those that have nothing to send; never written to. */
const NONE: never[] = []

/** See above. All of it is in step with the feed. */
export class Audience {
  readonly codec: Codec
  readonly subscribers = new Set<FeedSubscriber>()
  #pending: Buffer[] = NONE
  #pendingFrames = 0

  constructor (codec: Codec) {
    this.codec = codec
  }

  /** Adds the events of a batch behind its first `skipped` ones to what leaves with the next flush. */
  add (frames: Frames, skipped: number): void {
    const bytes = bytesBehind(frames, skipped)
    if (bytes.length === 0) return
    this.#pendingFrames += shownBehind(frames, skipped)
    if (this.#pending.length === 0) this.#pending = [bytes]
    else this.#pending.push(bytes)
  }

  /** Writes out what is pending. @returns how many subscribers got something */
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
