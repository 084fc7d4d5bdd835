/**
 * Finds a key in the bytes of a frame and reads the number behind it.
 *
 * Parsing JSON for each of some hundred thousand deliveries a second would make the generator dearer than the server.
 * The frames of one server look alike, so the place of the last find is tried first.
 */
export class Needle {
  readonly #bytes: Buffer
  #hint = 0

  constructor (text: string) {
    this.#bytes = Buffer.from(text)
  }

  /** Where the bytes behind the key begin, or -1 if it is not between `start` and `end`. */
  find (data: Buffer, start: number, end: number): number {
    const length = this.#bytes.length
    if (this.#matches(data, start + this.#hint, end)) return start + this.#hint + length
    const found = data.subarray(start, end).indexOf(this.#bytes)
    if (found < 0) return -1
    this.#hint = found
    return start + found + length
  }

  /** The digits behind the key as a number, or -1. Bytes that are no digits before the first one end it at once. */
  number (data: Buffer, start: number, end: number): number {
    let at = this.find(data, start, end)
    if (at < 0) return -1
    let value = 0
    const first = at
    for (; at < end; at++) {
      const digit = data.readUInt8(at) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    return at === first ? -1 : value
  }

  #matches (data: Buffer, at: number, end: number): boolean {
    const bytes = this.#bytes
    if (at + bytes.length > end) return false
    for (let i = 0; i < bytes.length; i++) {
      if (data[at + i] !== bytes[i]) return false
    }
    return true
  }
}
