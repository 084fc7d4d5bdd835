/** The structure of PNG (W3C PNG, third edition): the chunks that show the picture are kept, and nothing behind it. */
import type { CleanImage } from './image.ts'

const SIGNATURE_BYTES = 8
/** Length, type and checksum. */
const FRAME_BYTES = 12
const SHOWING = new Set([
  'IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'cHRM', 'gAMA', 'iCCP', 'sBIT', 'sRGB', 'cICP', 'mDCV', 'cLLI', 'bKGD',
  'pHYs', 'acTL', 'fcTL', 'fdAT'
])

/** Cleans a picture; undefined when it is none. */
export function cleanPng (bytes: Buffer): CleanImage | undefined {
  const kept = [bytes.subarray(0, SIGNATURE_BYTES)]
  let size: { width: number, height: number } | undefined
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= bytes.length;) {
    const type = bytes.toString('latin1', at + 4, at + 8)
    const end = at + FRAME_BYTES + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    if (size === undefined) {
      if (type !== 'IHDR' || end < at + FRAME_BYTES + 8) return undefined
      size = { width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12) }
    }
    if (SHOWING.has(type)) kept.push(bytes.subarray(at, end))
    if (type === 'IEND') return isEmpty(size) ? undefined : { ...size, content: Buffer.concat(kept) }
    at = end
  }
  return undefined
}

function isEmpty ({ width, height }: { width: number, height: number }): boolean {
  return width === 0 || height === 0
}
