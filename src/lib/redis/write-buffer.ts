/** Bytes that are collected for one write, in a buffer that is reused whenever the write completes at once. */
import type { Writable } from 'node:stream'

const INITIAL_BYTES = 65_536
/** A buffer that has grown beyond this is released after its write. */
const MAX_KEPT_BYTES = 1_048_576
/** Maximum length of a UTF-16 code unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3

/** The bytes to write to one stream. */
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

  /** Writes everything, and starts over. */
  writeTo (stream: Writable): void {
    stream.write(this.#buffer.subarray(0, this.#length))
    // Bytes that the stream still holds must not be overwritten.
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
