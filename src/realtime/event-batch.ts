/**
 * A run: frames of one chat whose seqs follow each other, ready to be written to sockets, and its form on the bus.
 *
 * On the bus (big-endian): version u8 · length of the header u8 · membersVersion u48 · lastSeq u48 · count u16 ·
 * committedAt u48 · origin u32 [· trace 25 bytes] · count × end u32 · frames. The frames are those of the sockets, so a
 * replica that receives them neither parses nor serialises JSON. A run without frames says that the chat goes up to
 * `lastSeq` and leaves the reading to the receiver. A longer header is one of a later build, whose additions are
 * skipped.
 */

import {
  readTraceContext,
  TRACE_BYTES,
  writeTraceContext,
  type TraceContext
} from '../observability/tracing/trace-context.ts'

const FORMAT_VERSION = 2
const HEADER_BYTES = 26
const [MEMBERS_VERSION_AT, LAST_SEQ_AT, COUNT_AT, COMMITTED_AT, ORIGIN_AT] = [2, 8, 14, 16, 22]
const END_BYTES = 4
/** Length of the header of a run that is traced. */
const TRACED_HEADER_BYTES = HEADER_BYTES + TRACE_BYTES
const MAX_FRAMES = 65_535

/**
 * Consecutive frames of a chat, the last of which has `lastSeq`. `ends[i]` is where frame `i` ends in `bytes`.
 * `committedAt` is when they were stored, in milliseconds since 1970: for the metrics, and by another machine's clock.
 */
export type EventBatch = {
  readonly lastSeq: number
  readonly membersVersion: number
  readonly ends: readonly number[]
  readonly bytes: Buffer
  readonly committedAt: number
  /** The span of its publication and when it got here, in milliseconds since 1970; undefined unless it is traced. */
  readonly trace: { readonly context: TraceContext, readonly at: number } | undefined
}

/** The seq of a run's first frame; beyond `lastSeq` when it has none. */
export function firstSeqOf (run: EventBatch): number {
  return run.lastSeq - run.ends.length + 1
}

/** Joins frames into a run. */
export function createEventBatch (
  frames: readonly Buffer[],
  lastSeq: number,
  membersVersion: number,
  committedAt: number,
  trace?: TraceContext
): EventBatch {
  let end = 0
  const ends = frames.map((frame) => (end += frame.length))
  const [only] = frames
  const traced = trace === undefined ? undefined : { context: trace, at: committedAt }
  return {
    lastSeq,
    membersVersion,
    ends,
    committedAt,
    trace: traced,
    bytes: frames.length === 1 && only !== undefined ? only : Buffer.concat(frames, end)
  }
}

/** The bytes of a run's frames from a seq on. */
export function bytesFrom (run: EventBatch, seq: number): Buffer {
  const skipped = seq - firstSeqOf(run)
  return skipped <= 0 ? run.bytes : run.bytes.subarray(run.ends[skipped - 1] ?? run.bytes.length)
}

/** A run as a payload of the bus. @param origin a number of the replica that publishes it, below 2^32 */
export function encodeEventBatch (run: EventBatch, origin: number): Buffer {
  const { lastSeq, membersVersion, ends, bytes, committedAt, trace } = run
  if (ends.length > MAX_FRAMES) return encodeEventBatch({ ...run, ends: [], bytes: Buffer.alloc(0) }, origin)
  const headerBytes = trace === undefined ? HEADER_BYTES : TRACED_HEADER_BYTES
  const payload = Buffer.allocUnsafe(headerBytes + ends.length * END_BYTES + bytes.length)
  payload[0] = FORMAT_VERSION
  payload[1] = headerBytes
  payload.writeUIntBE(membersVersion, MEMBERS_VERSION_AT, 6)
  payload.writeUIntBE(lastSeq, LAST_SEQ_AT, 6)
  payload.writeUInt16BE(ends.length, COUNT_AT)
  payload.writeUIntBE(committedAt, COMMITTED_AT, 6)
  payload.writeUInt32BE(origin, ORIGIN_AT)
  if (trace !== undefined) writeTraceContext(trace.context, payload, HEADER_BYTES)
  let offset = headerBytes
  for (const end of ends) offset = payload.writeUInt32BE(end, offset)
  bytes.copy(payload, offset)
  return payload
}

/** Whether a payload is of no use to who has everything before `nextSeq`. */
export function isOld (payload: Buffer, nextSeq: number, membersVersion: number): boolean {
  return (
    payload.length >= HEADER_BYTES &&
    payload.readUIntBE(LAST_SEQ_AT, 6) < nextSeq &&
    payload.readUIntBE(MEMBERS_VERSION_AT, 6) <= membersVersion
  )
}

/** The number of the replica that published a payload; undefined when it is no run of this format. */
export function originOf (payload: Buffer): number | undefined {
  return payload.length >= HEADER_BYTES && payload[0] === FORMAT_VERSION ? payload.readUInt32BE(ORIGIN_AT) : undefined
}

/** Reads a payload of the bus; undefined when it is none of this format. */
export function decodeEventBatch (payload: Buffer): EventBatch | undefined {
  if (payload.length < HEADER_BYTES || payload[0] !== FORMAT_VERSION) return undefined
  const headerBytes = payload[1] ?? 0
  const count = payload.readUInt16BE(COUNT_AT)
  const framesOffset = headerBytes + count * END_BYTES
  const lastSeq = payload.readUIntBE(LAST_SEQ_AT, 6)
  if (headerBytes < HEADER_BYTES || payload.length < framesOffset || lastSeq < count) return undefined
  const bytes = payload.subarray(framesOffset)
  const ends: number[] = []
  let previous = 0
  for (let offset = headerBytes; offset < framesOffset; offset += END_BYTES) {
    const end = payload.readUInt32BE(offset)
    if (end <= previous) return undefined
    ends.push((previous = end))
  }
  const context = headerBytes >= TRACED_HEADER_BYTES ? readTraceContext(payload, HEADER_BYTES) : undefined
  const trace = context === undefined ? undefined : { context, at: Date.now() }
  return previous === bytes.length
    ? {
        trace,
        lastSeq,
        membersVersion: payload.readUIntBE(MEMBERS_VERSION_AT, 6),
        committedAt: payload.readUIntBE(COMMITTED_AT, 6),
        ends,
        bytes
      }
    : undefined
}
