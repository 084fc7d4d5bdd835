/**
 * A run: frames of one chat whose seqs follow each other, ready to be written to sockets, and its form on the bus.
 *
 * On the bus (big-endian): version u8 · membersVersion u48 · lastSeq u48 · count u16 · count × end u32 · frames. The
 * frames are those of the sockets, so a replica that receives them neither parses nor serialises JSON. A run without
 * frames says that the chat goes up to `lastSeq` and leaves the reading to the receiver.
 */

const FORMAT_VERSION = 1
const HEADER_BYTES = 15
const END_BYTES = 4
const MAX_FRAMES = 65_535

/** Consecutive frames of a chat, the last of which has `lastSeq`. `ends[i]` is where frame `i` ends in `bytes`. */
export type Run = { readonly lastSeq: number, readonly membersVersion: number, readonly ends: readonly number[], readonly bytes: Buffer }

/** The seq of a run's first frame; beyond `lastSeq` when it has none. */
export function firstSeqOf (run: Run): number {
  return run.lastSeq - run.ends.length + 1
}

/** Joins frames into a run. */
export function createRun (frames: readonly Buffer[], lastSeq: number, membersVersion: number): Run {
  let end = 0
  const ends = frames.map((frame) => end += frame.length)
  const [only] = frames
  return { lastSeq, membersVersion, ends, bytes: frames.length === 1 && only !== undefined ? only : Buffer.concat(frames, end) }
}

/** The bytes of a run's frames from a seq on. */
export function bytesFrom (run: Run, seq: number): Buffer {
  const skipped = seq - firstSeqOf(run)
  return skipped <= 0 ? run.bytes : run.bytes.subarray(run.ends[skipped - 1] ?? run.bytes.length)
}

/** A run as a payload of the bus. */
export function encodeRun ({ lastSeq, membersVersion, ends, bytes }: Run): Buffer {
  if (ends.length > MAX_FRAMES) return encodeRun({ lastSeq, membersVersion, ends: [], bytes: Buffer.alloc(0) })
  const payload = Buffer.allocUnsafe(HEADER_BYTES + ends.length * END_BYTES + bytes.length)
  payload[0] = FORMAT_VERSION
  payload.writeUIntBE(membersVersion, 1, 6)
  payload.writeUIntBE(lastSeq, 7, 6)
  payload.writeUInt16BE(ends.length, 13)
  let offset = HEADER_BYTES
  for (const end of ends) offset = payload.writeUInt32BE(end, offset)
  bytes.copy(payload, offset)
  return payload
}

/** Whether a payload is of no use to who has everything before `nextSeq`: a replica hears its own runs again. */
export function isOld (payload: Buffer, nextSeq: number, membersVersion: number): boolean {
  return payload.length >= HEADER_BYTES && payload.readUIntBE(7, 6) < nextSeq && payload.readUIntBE(1, 6) <= membersVersion
}

/** Reads a payload of the bus; undefined when it is none of this format. */
export function decodeRun (payload: Buffer): Run | undefined {
  if (payload.length < HEADER_BYTES || payload[0] !== FORMAT_VERSION) return undefined
  const count = payload.readUInt16BE(13)
  const framesOffset = HEADER_BYTES + count * END_BYTES
  const lastSeq = payload.readUIntBE(7, 6)
  if (payload.length < framesOffset || lastSeq < count) return undefined
  const bytes = payload.subarray(framesOffset)
  const ends: number[] = []
  let previous = 0
  for (let offset = HEADER_BYTES; offset < framesOffset; offset += END_BYTES) {
    const end = payload.readUInt32BE(offset)
    if (end <= previous) return undefined
    ends.push(previous = end)
  }
  return previous === bytes.length ? { lastSeq, membersVersion: payload.readUIntBE(1, 6), ends, bytes } : undefined
}
