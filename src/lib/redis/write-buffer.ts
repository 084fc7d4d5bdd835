/** Bytes gathered for one write, in a buffer that is used again whenever the write is done at once. */
import type { Writable } from 'node:stream'

const INITIAL_BYTES = 65_536
/** A buffer that has grown beyond this is let go after its write. */
const MAX_KEPT_BYTES = 1_048_576
/** A UTF-16 code unit becomes three bytes at the most. */
const MAX_BYTES_PER_UNIT = 3

/** What is to be written to one stream. */
export class WriteBuffer {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #length = 0

  addText (text: string): void {
    this.#makeRoom(text.length * MAX_BYTES_PER_UNIT)
    this.#length += this.#buffer.write(text, this.#length)
  }

  addBytes (bytes: Buffer): void {
    this.#makeRoom(bytes.length)
    this.#length += bytes.copy(this.#buffer, this.#length)
  }

  /** Writes all of it, and begins anew. */
  writeTo (stream: Writable): void {
    stream.write(this.#buffer.subarray(0, this.#length))
    // What the stream still holds must not be written over.
    if (stream.writableLength > 0 || this.#buffer.length > MAX_KEPT_BYTES)
      this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.#length = 0
  }

  clear (): void {
    this.#length = 0
  }

  #makeRoom (bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
