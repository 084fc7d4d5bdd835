/**
 * The structure of GIF (CompuServe GIF89a specification): pictures, and how often they are repeated, are kept;
 * comments, other extensions and what follows the trailer are not.
 */
import type { CleanImage } from './image.ts'

const HEADER_BYTES = 13
const [EXTENSION, PICTURE, TRAILER] = [0x21, 0x2c, 0x3b]
const [CONTROL, APPLICATION] = [0xf9, 0xff]
const PICTURE_BYTES = 10
const REPEATING = ['NETSCAPE2.0', 'ANIMEXTS1.0']

/** Cleans a picture; undefined when it is none. */
export function cleanGif (bytes: Buffer): CleanImage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const [width, height] = [bytes.readUInt16LE(6), bytes.readUInt16LE(8)]
  let at = HEADER_BYTES + tableBytes(bytes[10])
  const kept = [bytes.subarray(0, at)]
  let hasPicture = false
  while (at < bytes.length) {
    const start = at
    const kind = bytes[at]
    if (kind === TRAILER) break
    if (kind === PICTURE) at = endOfBlocks(bytes, at + PICTURE_BYTES + tableBytes(bytes[at + PICTURE_BYTES - 1]) + 1)
    else if (kind === EXTENSION) at = endOfBlocks(bytes, at + 2)
    else return undefined
    if (at > bytes.length) return undefined
    hasPicture ||= kind === PICTURE
    if (kind === PICTURE || isKept(bytes.subarray(start, at))) kept.push(bytes.subarray(start, at))
  }
  if (!hasPicture || width === 0 || height === 0) return undefined
  return { width, height, content: Buffer.concat([...kept, Buffer.from([TRAILER])]) }
}

/** The length of a table of colours, by the byte that says whether there is one. */
function tableBytes (flags = 0): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}

/** The position behind a chain of blocks; beyond the end when it is broken off. */
function endOfBlocks (bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined) return Infinity
    at += length + 1
    if (length === 0) return at
  }
}

function isKept (extension: Buffer): boolean {
  if (extension[1] === CONTROL) return true
  return extension[1] === APPLICATION && REPEATING.includes(extension.toString('latin1', 3, 14))
}
