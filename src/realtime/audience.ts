/** The live subscribers of one chat with a common codec, and the frames that wait to be sent to them. */
import type { Metrics } from '../observability/metrics/metrics.ts'
import { bytesBehind, shownBehind, type Codec, type Frames } from './codec.ts'

/** Receives the frames of a chat. */
export type FeedSubscriber = {
  readonly userId: number
  /** The encoding of the events that it receives. */
  readonly codec: Codec
  /** The seq after which events are visible to this membership; another value is another membership. */
  readonly fromSeq: number
  /** The version of the membership that was read for this subscriber; an older list of members does not apply to it. */
  readonly membersVersion: number
  /** Writes bytes of whole frames. */
  write: (bytes: Buffer) => void
  /** The user is no longer a member; nothing is written after this. */
  removed: () => void
}

/** Shared by audiences without pending frames; never mutated. */
const NONE: never[] = []

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
  add (frames: Frames, skipped: number): void {
    const bytes = bytesBehind(frames, skipped)
    if (bytes.length === 0) return
    this.#pendingFrames += shownBehind(frames, skipped)
    if (this.#pending.length === 0) this.#pending = [bytes]
    else this.#pending.push(bytes)
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
