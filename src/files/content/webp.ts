/** The structure of WebP (RFC 9649): chunks that show the picture are kept, and nothing behind it. */
import type { CleanImage } from './image.ts'

const HEADER_BYTES = 12
const CHUNK_HEADER_BYTES = 8
const SHOWING = new Set(['VP8X', 'VP8 ', 'VP8L', 'ICCP', 'ALPH', 'ANIM', 'ANMF'])
/** Flags of `VP8X`: there is Exif, and there is XMP. */
const METADATA_FLAGS = 0x0c

type Size = { width: number, height: number }

/** Cleans a picture; undefined when it is none. */
export function cleanWebp (bytes: Buffer): CleanImage | undefined {
  if (bytes.length < HEADER_BYTES + CHUNK_HEADER_BYTES) return undefined
  const end = Math.min(bytes.length, bytes.readUInt32LE(4) + CHUNK_HEADER_BYTES)
  const kept: Buffer[] = []
  let size: Size | undefined
  let hasPicture = false
  for (let at = HEADER_BYTES; at + CHUNK_HEADER_BYTES <= end;) {
    const type = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    const next = at + CHUNK_HEADER_BYTES + length + (length % 2)
    if (at + CHUNK_HEADER_BYTES + length > end) return undefined
    const [chunk, data] = [bytes.subarray(at, next), bytes.subarray(at + CHUNK_HEADER_BYTES, next)]
    size ??= sizeIn(type, data)
    hasPicture ||= type !== 'VP8X' && (type === 'ANMF' || sizeIn(type, data) !== undefined)
    if (SHOWING.has(type)) kept.push(type === 'VP8X' ? withoutMetadata(chunk) : chunk)
    at = next
  }
  if (size === undefined || !hasPicture || size.width === 0 || size.height === 0) return undefined
  const body = Buffer.concat(kept)
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES))
  header.writeUInt32LE(body.length + 4, 4)
  return { ...size, content: Buffer.concat([header, body]) }
}

function sizeIn (type: string, data: Buffer): Size | undefined {
  if (type === 'VP8X' && data.length >= 10)
    return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 }
  if (type === 'VP8 ' && data.length >= 10 && data.readUIntBE(3, 3) === 0x9d012a)
    return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff }
  if (type === 'VP8L' && data.length >= 5 && data[0] === 0x2f) {
    const bits = data.readUInt32LE(1)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  return undefined
}

function withoutMetadata (chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk)
  copy[CHUNK_HEADER_BYTES] = (copy[CHUNK_HEADER_BYTES] ?? 0) & ~METADATA_FLAGS
  return copy
}
