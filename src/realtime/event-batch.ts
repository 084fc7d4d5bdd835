/**
 * An event batch: consecutive events of a chat on their way to the sockets that follow it, as bytes that can be
 * written. Its form on the bus is in `bus-payload.ts`.
 */
import { type ChatEvent, isMembershipChange, isRemoval } from '../domain/events/event.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import type { TraceContext } from '../observability/tracing/trace-context.ts'
import { type Codec, encodeFrames, type Frames } from './codec.ts'

/** The changes of the membership among the events of a batch. */
export type BatchMembership = {
  /** Number of these changes: each has raised the version by one. */
  readonly steps: number
  /** The user whose membership ends with the last event of the batch, which may be followed by no other. */
  readonly removedUserId: number | undefined
}

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
  /** The version of the membership after the last event. */
  readonly membersVersion: number
  /** Undefined when no event changes the membership, as a rule. */
  readonly membership: BatchMembership | undefined
  /** The frames of the events in the codec of the batch's creator. */
  readonly frames: Frames
  /** The events themselves, for subscribers with another codec; undefined when only those frames are known. */
  readonly events: BatchEvents | undefined
  /** Whether it may have events that are not for all: whom they may be shown to is decided for each subscriber. */
  readonly isMixed: boolean
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
  membership?: BatchMembership | undefined
  events?: BatchEvents | undefined
  isMixed?: boolean
  trace?: TraceContext | undefined
}

/** Creates a batch from the frames of consecutive events, the last of which has `lastSeq`. */
export function createEventBatch (frames: Frames, parts: BatchParts): EventBatch {
  const { lastSeq, membersVersion, committedAt, membership, events, isMixed = false, trace } = parts
  return {
    firstSeq: lastSeq - frames.ends.length + 1,
    lastSeq,
    seqs: undefined,
    membersVersion,
    membership,
    frames,
    events,
    isMixed,
    committedAt,
    trace: trace === undefined ? undefined : { context: trace, at: committedAt }
  }
}

/** Whether events are not all messages that every member may see. */
export function areMixed (events: readonly ChatEvent[]): boolean {
  return events.some(({ kind, hiddenFrom }) => kind !== 'message.created' || hiddenFrom !== undefined)
}

/** The changes of the membership among events of which only the last one may end a membership. */
export function membershipIn (events: readonly ChatEvent[]): BatchMembership | undefined {
  let steps = 0
  for (const event of events) if (event.kind !== 'message.created' && isMembershipChange(event)) steps++
  if (steps === 0) return undefined
  const last = events.at(-1)
  return { steps, removedUserId: last !== undefined && isRemoval(last) ? last.userId : undefined }
}

/** The events up to and including the first that ends a membership; all of them when there is none, as a rule. */
export function upToRemoval (events: readonly ChatEvent[]): readonly ChatEvent[] {
  const index = events.findIndex(isRemoval)
  return index < 0 || index === events.length - 1 ? events : events.slice(0, index + 1)
}

/** Splits committed events, so that a part ends with each event that ends a membership. As a rule there is none. */
export function splitBehindRemovals (committed: CommittedEvents): readonly CommittedEvents[] {
  const parts: CommittedEvents[] = []
  let { events } = committed
  for (let part = upToRemoval(events); part.length < events.length; part = upToRemoval(events)) {
    const last = part.at(-1)
    if (last === undefined || !isMembershipChange(last)) break
    parts.push({ ...committed, lastSeq: last.seq, membersVersion: last.membersVersion, events: part })
    events = events.slice(part.length)
  }
  if (parts.length === 0) return [committed]
  return [...parts, { ...committed, events }]
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
