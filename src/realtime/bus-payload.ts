/**
 * An event batch as a payload of the bus, big-endian:
 *
 *     version u8 · length of header u8 · membersVersion u48 · lastSeq u48 · count u16 · committedAt u48 · origin u32
 *     version 2: [· trace 25 bytes]
 *     version 3: · flags u8 · length of the codec's name u8 · name [· trace 25 bytes]
 *                [· steps of the membership u16 · user that was removed or 0 u48]
 *     [· seal 16 bytes], the end of the header
 *     count × end u32 · frames
 *     version 3: [· events as JSON]
 *
 * The frames are those of the sockets, so a replica that receives them neither parses nor serialises JSON. Version 2
 * has frames of the common codec (see `codec.ts`), from which a replica with sockets of another codec can decode the
 * messages. Version 3 is for what those frames do not say: it names the codec, contains the events, and tells which of
 * them change the membership.
 *
 * Rolling updates: a longer header comes from a later build, whose additions are skipped. A payload of an unknown
 * version is dropped; its receiver delivers when its next sweep compares the chat with the store (`SWEEP_INTERVAL`),
 * later but completely. That applies to builds up to 0.1 with version 3 and with frames without bytes. Frames of an
 * unknown codec are ignored: the receiver reads the JSON, and if it cannot, the store. Payloads without a valid seal,
 * as those of builds up to 0.1, are only hints ({@link unsealed}).
 */
import {
  readTraceContext,
  TRACE_BYTES,
  writeTraceContext,
  type TraceContext
} from '../observability/tracing/trace-context.ts'
import type { ChatEvent } from '../domain/events/event.ts'
import { type Codec, type Frames, MAX_CODEC_NAME_BYTES } from './codec.ts'
import { BatchEvents, type BatchMembership, type EventBatch } from './event-batch.ts'
import { decodeEvents, encodeEvents } from './event-json.ts'
import { type PayloadSeal, SEAL_BYTES } from './payload-seal.ts'

const COMMON_VERSION = 2
const NAMED_VERSION = 3
/** Length of the part that both versions have in common. */
const HEADER_BYTES = 26
const [MEMBERS_VERSION_AT, LAST_SEQ_AT, COUNT_AT, COMMITTED_AT, ORIGIN_AT] = [2, 8, 14, 16, 22]
const [FLAGS_AT, NAME_AT] = [HEADER_BYTES, HEADER_BYTES + 1]
const END_BYTES = 4
const MAX_FRAMES = 65_535
/** Earlier builds do not say of a batch that it has messages alone. */
const [TRACED, HAS_MEMBERSHIP, HAS_MESSAGES_ALONE] = [1, 2, 4]
const MEMBERSHIP_BYTES = 8
const NOTHING = Buffer.alloc(0)

/** Options of a publication. */
export type PublishOptions = {
  /** Number of the publishing replica, below 2^32. */
  origin: number
  /** Whether the payload names its codec and contains the events, for replicas with other codecs. */
  isNamed: boolean
  /** How payloads are sealed, if they are. */
  seal?: PayloadSeal | undefined
}

/** Encodes a batch of consecutive events of a chat. */
export function encodeEventBatch (batch: EventBatch, chatId: number, options: PublishOptions): Buffer {
  const { origin, isNamed, seal } = options
  // Receivers read what exceeds the counter from the store.
  if (batch.frames.ends.length > MAX_FRAMES) return encodeEventBatch(withoutFrames(batch), chatId, options)
  const sealBytes = seal === undefined ? 0 : SEAL_BYTES
  const payload = isNamed ? encodeNamed(batch, origin, sealBytes) : encodeCommon(batch, origin, sealBytes)
  seal?.write(payload, sealAt(payload), chatId)
  return payload
}

/** Position of the seal of a payload, if it has one. */
function sealAt (payload: Buffer): number {
  return (payload[1] ?? 0) - SEAL_BYTES
}

function encodeCommon (batch: EventBatch, origin: number, sealBytes: number): Buffer {
  const { ends, bytes } = batch.frames
  const headerBytes = HEADER_BYTES + (batch.trace === undefined ? 0 : TRACE_BYTES) + sealBytes
  const payload = Buffer.allocUnsafe(headerBytes + ends.length * END_BYTES + bytes.length)
  writeHeader(payload, COMMON_VERSION, headerBytes, batch, origin)
  if (batch.trace !== undefined) writeTraceContext(batch.trace.context, payload, HEADER_BYTES)
  bytes.copy(payload, writeEnds(payload, headerBytes, ends))
  return payload
}

function encodeNamed (batch: EventBatch, origin: number, sealBytes: number): Buffer {
  const { trace, events, membership, frames: { codec, ends, bytes } } = batch
  const name = Buffer.from(codec, 'latin1')
  const list = events?.list()
  const json = list === undefined || ends.length === 0 ? NOTHING : encodeEvents(list)
  const traceAt = NAME_AT + 1 + name.length
  const membershipAt = traceAt + (trace === undefined ? 0 : TRACE_BYTES)
  const headerBytes = membershipAt + (membership === undefined ? 0 : MEMBERSHIP_BYTES) + sealBytes
  const payload = Buffer.allocUnsafe(headerBytes + ends.length * END_BYTES + bytes.length + json.length)
  writeHeader(payload, NAMED_VERSION, headerBytes, batch, origin)
  payload[FLAGS_AT] = (trace === undefined ? 0 : TRACED) | (membership === undefined ? 0 : HAS_MEMBERSHIP)
    | (batch.isMixed ? 0 : HAS_MESSAGES_ALONE)
  payload[NAME_AT] = name.length
  name.copy(payload, NAME_AT + 1)
  if (trace !== undefined) writeTraceContext(trace.context, payload, traceAt)
  if (membership !== undefined) {
    payload.writeUInt16BE(membership.steps, membershipAt)
    payload.writeUIntBE(membership.removedUserId ?? 0, membershipAt + 2, 6)
  }
  const framesAt = writeEnds(payload, headerBytes, ends)
  bytes.copy(payload, framesAt)
  json.copy(payload, framesAt + bytes.length)
  return payload
}

function writeHeader (payload: Buffer, version: number, headerBytes: number, batch: EventBatch, origin: number): void {
  payload[0] = version
  payload[1] = headerBytes
  payload.writeUIntBE(batch.membersVersion, MEMBERS_VERSION_AT, 6)
  payload.writeUIntBE(batch.lastSeq, LAST_SEQ_AT, 6)
  payload.writeUInt16BE(batch.frames.ends.length, COUNT_AT)
  payload.writeUIntBE(batch.committedAt, COMMITTED_AT, 6)
  payload.writeUInt32BE(origin, ORIGIN_AT)
}

/** @returns the position of the frames */
function writeEnds (payload: Buffer, at: number, ends: readonly number[]): number {
  let offset = at
  for (const end of ends) offset = payload.writeUInt32BE(end, offset)
  return offset
}

function withoutFrames (batch: EventBatch): EventBatch {
  const { codec } = batch.frames
  return {
    ...batch,
    firstSeq: batch.lastSeq + 1,
    frames: { codec, ends: [], bytes: NOTHING, shown: 0 },
    events: undefined
  }
}

/** Whether a payload has no news for a receiver that has everything before `nextSeq`. */
export function isOld (payload: Buffer, nextSeq: number, membersVersion: number): boolean {
  return (
    payload.length >= HEADER_BYTES &&
    payload.readUIntBE(LAST_SEQ_AT, 6) < nextSeq &&
    payload.readUIntBE(MEMBERS_VERSION_AT, 6) <= membersVersion
  )
}

/** The number of the replica that published a payload; undefined when it is no batch of a known version. */
export function originOf (payload: Buffer): number | undefined {
  return payload.length >= HEADER_BYTES && isKnown(payload[0]) ? payload.readUInt32BE(ORIGIN_AT) : undefined
}

/** Whether a decoded payload was sealed by a replica of the installation, for this chat. */
export function isSealed (payload: Buffer, chatId: number, seal: PayloadSeal): boolean {
  return sealAt(payload) >= HEADER_BYTES && seal.isValid(payload, sealAt(payload), chatId)
}

/**
 * What is believed of a batch without a valid seal: that there may be events up to its last seq. The store is asked for
 * them, and for the version of the membership.
 */
export function unsealed (batch: EventBatch): EventBatch {
  return { ...withoutFrames(batch), membersVersion: 0, membership: undefined, trace: undefined }
}

function isKnown (version: number | undefined): boolean {
  return version === COMMON_VERSION || version === NAMED_VERSION
}

/** Decodes a payload; undefined when it is no batch of a known version. @param common the common codec */
export function decodeEventBatch (payload: Buffer, common: Codec): EventBatch | undefined {
  if (payload.length < HEADER_BYTES || !isKnown(payload[0])) return undefined
  const headerBytes = payload[1] ?? 0
  const count = payload.readUInt16BE(COUNT_AT)
  const framesAt = headerBytes + count * END_BYTES
  const lastSeq = payload.readUIntBE(LAST_SEQ_AT, 6)
  if (headerBytes < HEADER_BYTES || payload.length < framesAt || lastSeq < count) return undefined
  const isNamed = payload[0] === NAMED_VERSION
  const codec = isNamed ? readName(payload, headerBytes) : common.name
  if (codec === undefined) return undefined
  const ends: number[] = []
  let [end, shown] = [0, 0]
  for (let offset = headerBytes; offset < framesAt; offset += END_BYTES) {
    const next = payload.readUInt32BE(offset)
    if (next < end) return undefined
    if (next > end) shown++
    ends.push((end = next))
  }
  const jsonAt = framesAt + end
  if (isNamed ? jsonAt > payload.length : jsonAt !== payload.length) return undefined
  const firstSeq = lastSeq - count + 1
  const readEvents = () =>
    jsonAt < payload.length
      ? decodeEvents(payload.subarray(jsonAt), firstSeq, count)
      : decodeFrames(common, { codec, ends, bytes: payload.subarray(framesAt, jsonAt) }, firstSeq)
  return {
    firstSeq,
    lastSeq,
    seqs: undefined,
    membersVersion: payload.readUIntBE(MEMBERS_VERSION_AT, 6),
    membership: isNamed ? readMembership(payload, headerBytes) : undefined,
    frames: { codec, ends, bytes: payload.subarray(framesAt, jsonAt), shown },
    events: count === 0 ? undefined : new BatchEvents(readEvents),
    isMixed: isNamed && ((payload[FLAGS_AT] ?? 0) & HAS_MESSAGES_ALONE) === 0,
    committedAt: payload.readUIntBE(COMMITTED_AT, 6),
    trace: readTrace(payload, headerBytes, isNamed)
  }
}

/** The messages in frames of the common codec; undefined when they are of another one, or do not say all. */
function decodeFrames (
  { name, decodeMessage }: Codec,
  { codec, ends, bytes }: Omit<Frames, 'shown'>,
  firstSeq: number
): ChatEvent[] | undefined {
  if (codec !== name) return undefined
  const events: ChatEvent[] = []
  let start = 0
  for (const [index, end] of ends.entries()) {
    const event = decodeMessage?.(bytes.subarray(start, end))
    if (event?.seq !== firstSeq + index) return undefined
    events.push(event)
    start = end
  }
  return events
}

function readMembership (payload: Buffer, headerBytes: number): BatchMembership | undefined {
  const flags = payload[FLAGS_AT] ?? 0
  const at = NAME_AT + 1 + (payload[NAME_AT] ?? 0) + ((flags & TRACED) === TRACED ? TRACE_BYTES : 0)
  if ((flags & HAS_MEMBERSHIP) !== HAS_MEMBERSHIP || headerBytes < at + MEMBERSHIP_BYTES) return undefined
  const removed = payload.readUIntBE(at + 2, 6)
  return { steps: payload.readUInt16BE(at), removedUserId: removed === 0 ? undefined : removed }
}

/** The name of the codec; undefined when the header is too short for it. */
function readName (payload: Buffer, headerBytes: number): string | undefined {
  const length = payload[NAME_AT] ?? 0
  const end = NAME_AT + 1 + length
  return length > 0 && length <= MAX_CODEC_NAME_BYTES && end <= headerBytes
    ? payload.toString('latin1', NAME_AT + 1, end)
    : undefined
}

function readTrace (
  payload: Buffer,
  headerBytes: number,
  isNamed: boolean
): { context: TraceContext, at: number } | undefined {
  const isTraced = !isNamed || ((payload[FLAGS_AT] ?? 0) & TRACED) === TRACED
  const at = isNamed ? NAME_AT + 1 + (payload[NAME_AT] ?? 0) : HEADER_BYTES
  const context = isTraced && headerBytes >= at + TRACE_BYTES ? readTraceContext(payload, at) : undefined
  return context === undefined ? undefined : { context, at: Date.now() }
}
