/**
 * An event batch: consecutive events of a chat on their way to the sockets that follow it, as bytes that can be
 * written. Its form on the bus is in `bus-payload.ts`.
 */
import type { ChatEvent } from '../domain/events/event.ts'
import type { TraceContext } from '../observability/tracing/trace-context.ts'
import { type Codec, encodeFrames, type Frames } from './codec.ts'

/**
 * The events of a chat from `firstSeq` to `lastSeq`. A batch without events only says that the chat extends to
 * `lastSeq`, for the receiver to read; its `firstSeq` is greater than its `lastSeq`.
 */
export type EventBatch = {
  readonly firstSeq: number
  readonly lastSeq: number
  /**
   * The seqs of the events; undefined when there is an event for each seq. Seqs in between are permanently missing in
   * the store.
   */
  readonly seqs: readonly number[] | undefined
  readonly membersVersion: number
  /** The frames of the events in the codec of the batch's creator. */
  readonly frames: Frames
  /** The events themselves, for subscribers with another codec; undefined when only those frames are known. */
  readonly events: BatchEvents | undefined
  /** When they were stored, in milliseconds since 1970: for metrics, by the clock of another machine. */
  readonly committedAt: number
  /**
   * The span of its publication and the time of its arrival here, in milliseconds since 1970; undefined unless it is
   * traced.
   */
  readonly trace: { readonly context: TraceContext, readonly at: number } | undefined
}

/** Parts of a batch besides its frames. */
export type BatchParts = {
  lastSeq: number
  membersVersion: number
  committedAt: number
  events?: BatchEvents | undefined
  trace?: TraceContext | undefined
}

/** Creates a batch from the frames of consecutive events, the last of which has `lastSeq`. */
export function createEventBatch (frames: Frames, parts: BatchParts): EventBatch {
  const { lastSeq, membersVersion, committedAt, events, trace } = parts
  return {
    firstSeq: lastSeq - frames.ends.length + 1,
    lastSeq,
    seqs: undefined,
    membersVersion,
    frames,
    events,
    committedAt,
    trace: trace === undefined ? undefined : { context: trace, at: committedAt }
  }
}

/** Whether a batch contains any seqs. One that does not is only a hint. */
export function coversAny (batch: EventBatch): boolean {
  return batch.firstSeq <= batch.lastSeq
}

/** Number of events in a batch before a seq. */
export function countBefore ({ firstSeq, seqs }: EventBatch, seq: number): number {
  if (seqs === undefined) return seq - firstSeq
  const index = seqs.findIndex((own) => own >= seq)
  return index < 0 ? seqs.length : index
}

/** The frames of a batch in a codec; undefined when neither they nor the events are known here. */
export function framesIn (batch: EventBatch, codec: Codec): Frames | undefined {
  return batch.frames.codec === codec.name ? batch.frames : batch.events?.framesIn(codec)
}

/** The events of a batch, encoded once for each codec that is requested. */
export class BatchEvents {
  readonly #read: () => readonly ChatEvent[] | undefined
  readonly #frames: Frames[] = []
  #events: readonly ChatEvent[] | undefined
  #isRead = false

  /** @param read returns the events; undefined when this build cannot read them. It is called once, on demand */
  constructor (read: () => readonly ChatEvent[] | undefined) {
    this.#read = read
  }

  /** The events; undefined when this build cannot read them. */
  list (): readonly ChatEvent[] | undefined {
    if (!this.#isRead) {
      this.#isRead = true
      this.#events = this.#read()
    }
    return this.#events
  }

  /** The frames of the events in a codec; undefined when this build cannot read the events. */
  framesIn (codec: Codec): Frames | undefined {
    const known = this.#frames.find((frames) => frames.codec === codec.name)
    if (known !== undefined) return known
    const events = this.list()
    if (events === undefined) return undefined
    const frames = encodeFrames(codec, events)
    this.#frames.push(frames)
    return frames
  }
}
