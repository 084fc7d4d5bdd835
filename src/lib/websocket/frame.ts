/**
 * WebSocket frames as bytes (RFC 6455, section 5.2): a message for a thousand sockets is encoded once, and frames that
 * are sent together are one buffer. They are written directly to the sockets under `ws`, which saves its work per
 * socket.
 */

/** Bits of a frame's first byte. */
export const FIN = 0x80
export const OPCODE = 0x0f
/** First byte of an unfragmented text. */
export const FIN_TEXT = 0x81
/** Bit of the second byte: a mask follows, as in all frames of clients. */
export const MASKED = 0x80
export const MASK_BYTES = 4
/** Shorter lengths are encoded in the second byte. */
export const SHORT_LIMIT = 126
/** The second byte when the length is in the next two bytes. */
export const MEDIUM_LENGTH = SHORT_LIMIT
const LONG_LENGTH = 127
const MEDIUM_LIMIT = 65_536
const LONGEST_HEADER = 10

/** An empty ping. */
export const PING_FRAME = Buffer.from([0x89, 0x00])

/** Frames are encoded one after the other into a slab: a buffer for each would cost more than its bytes. */
const SLAB_BYTES = 8_192
/** Maximum length of a UTF-16 code unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
let slabUsed = 0

/** Encodes a text message as one unmasked, final frame. */
export function encodeTextFrame (text: string): Buffer {
  if (LONGEST_HEADER + text.length * MAX_BYTES_PER_UNIT > SLAB_BYTES) return encodeLongFrame(text)
  if (slabUsed + LONGEST_HEADER + text.length * MAX_BYTES_PER_UNIT > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    slabUsed = 0
  }
  const start = slabUsed
  // Usually a character is a byte; otherwise the header may have to be longer.
  let headerLength = headerLengthOf(text.length)
  let length = slab.write(text, start + headerLength)
  if (headerLengthOf(length) !== headerLength) {
    headerLength = headerLengthOf(length)
    length = slab.write(text, start + headerLength)
  }
  writeHeader(slab, start, length)
  slabUsed = start + headerLength + length
  return slab.subarray(start, slabUsed)
}

/** The text of a frame that {@link encodeTextFrame} has encoded. */
export function textOfFrame (frame: Buffer): string {
  const length = frame[1] ?? 0
  return frame.toString('utf8', length < SHORT_LIMIT ? 2 : length === MEDIUM_LENGTH ? 4 : LONGEST_HEADER)
}

function encodeLongFrame (text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headerLength = headerLengthOf(length)
  const frame = Buffer.allocUnsafeSlow(headerLength + length)
  writeHeader(frame, 0, length)
  frame.write(text, headerLength)
  return frame
}

function headerLengthOf (length: number): number {
  return length < SHORT_LIMIT ? 2 : length < MEDIUM_LIMIT ? 4 : LONGEST_HEADER
}

function writeHeader (target: Buffer, at: number, length: number): void {
  target[at] = FIN_TEXT
  if (length < SHORT_LIMIT) {
    target[at + 1] = length
  } else if (length < MEDIUM_LIMIT) {
    target[at + 1] = MEDIUM_LENGTH
    target.writeUInt16BE(length, at + 2)
  } else {
    target[at + 1] = LONG_LENGTH
    target.writeBigUInt64BE(BigInt(length), at + 2)
  }
}

/** Whether the first of several frames that this server has encoded is a text. */
export function isTextFrame (frames: Buffer): boolean {
  return frames[0] === FIN_TEXT
}

/** The length of the first of several frames that this server has encoded, with its header. */
export function frameLength (frames: Buffer): number {
  const length = frames[1] ?? 0
  if (length < SHORT_LIMIT) return 2 + length
  return length === MEDIUM_LENGTH ? 4 + frames.readUInt16BE(2) : LONGEST_HEADER + Number(frames.readBigUInt64BE(2))
}
