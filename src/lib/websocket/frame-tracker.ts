/** Follows the headers of a client's frames (RFC 6455, section 5.2) through chunks of any size. */
import { FIN, MASKED, MASK_BYTES, MEDIUM_LENGTH, OPCODE, SHORT_LIMIT } from './frame.ts'

/** Opcodes from here on are control frames, which may occur between the fragments of a message. */
const FIRST_CONTROL_OPCODE = 0x8
const CLOSE_OPCODE = 0x8
const MEDIUM_LENGTH_BYTES = 2
const LONG_LENGTH_BYTES = 8
const BYTE_VALUES = 256

/** A parser that starts at the beginning of a frame. */
export class FrameTracker {
  /** Kind of the next header byte. */
  #expected: 'opcode' | 'length' | 'longLength' = 'opcode'
  #lengthBytesLeft = 0
  #length = 0
  #maskBytes = 0
  /** Remaining bytes of the mask and the payload. */
  #left = 0
  #isFragmented = false
  #isInClose = false
  #hasClosed = false

  /** Whether a close frame has ended. */
  get hasClosed (): boolean {
    return this.#hasClosed
  }

  /** Processes a chunk. @returns whether a message, or a control frame between messages, ends with it */
  advance (chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at)
        this.#left -= passed
        at += passed
        if (this.#left === 0 && this.#isInClose) this.#hasClosed = true
      } else this.#readHeader(chunk[at++] ?? 0)
    }
    return this.#left === 0 && this.#expected === 'opcode' && !this.#isFragmented
  }

  #readHeader (byte: number): void {
    if (this.#expected === 'opcode') {
      if ((byte & OPCODE) < FIRST_CONTROL_OPCODE) this.#isFragmented = (byte & FIN) === 0
      this.#isInClose = (byte & OPCODE) === CLOSE_OPCODE
      this.#expected = 'length'
    } else if (this.#expected === 'length') {
      this.#maskBytes = (byte & MASKED) === 0 ? 0 : MASK_BYTES
      const length = byte & ~MASKED
      if (length < SHORT_LIMIT) this.#beginPayload(length)
      else {
        this.#expected = 'longLength'
        this.#lengthBytesLeft = length === MEDIUM_LENGTH ? MEDIUM_LENGTH_BYTES : LONG_LENGTH_BYTES
        this.#length = 0
      }
    } else {
      this.#length = this.#length * BYTE_VALUES + byte
      if (--this.#lengthBytesLeft === 0) this.#beginPayload(this.#length)
    }
  }

  #beginPayload (length: number): void {
    this.#left = length + this.#maskBytes
    this.#expected = 'opcode'
  }
}
