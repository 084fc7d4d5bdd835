/**
 * The structure of JPEG (ITU-T T.81, annex B): what shows the picture is kept, byte for byte, and all else is left out,
 * also what follows the picture. How it is to be turned stays.
 */
import type { CleanImage } from './image.ts'

const [SOI, EOI, SOS, APP0, APP1, APP2, APP14, APP15, COM] = [0xd8, 0xd9, 0xda, 0xe0, 0xe1, 0xe2, 0xee, 0xef, 0xfe]
const ICC = Buffer.from('ICC_PROFILE\0', 'latin1')
const EXIF = Buffer.from('Exif\0\0', 'latin1')
const ORIENTATION_TAG = 0x0112
const IFD_ENTRY_BYTES = 12
/** From here on the picture is shown on its side. */
const FIRST_TURNED = 5

/** Cleans a picture; undefined when it is none. */
export function cleanJpeg (bytes: Buffer): CleanImage | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== SOI) return undefined
  const kept: Buffer[] = []
  let [at, orientation] = [2, 1]
  let size: { width: number, height: number } | undefined
  let hasScan = false
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === EOI) break
    if (isAlone(marker)) {
      kept.push(bytes.subarray(at, at + 2))
      at += 2
      continue
    }
    if (at + 4 > bytes.length) break
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    if (end < at + 4 || end > bytes.length) return undefined
    const segment = bytes.subarray(at, end)
    if (isFrame(marker) && segment.length >= 9)
      size ??= { height: segment.readUInt16BE(5), width: segment.readUInt16BE(7) }
    if (marker === APP1) orientation = orientationIn(segment.subarray(4)) ?? orientation
    const next = marker === SOS ? endOfScan(bytes, end) : end
    hasScan ||= marker === SOS
    if (isKept(marker, segment)) kept.push(bytes.subarray(at, next))
    at = next
  }
  if (size === undefined || !hasScan || size.width === 0 || size.height === 0) return undefined
  const content = Buffer.concat([
    Buffer.from([0xff, SOI]), ...(orientation === 1 ? [] : [orientationSegment(orientation)]), ...kept,
    Buffer.from([0xff, EOI])
  ])
  const isTurned = orientation >= FIRST_TURNED
  return {
    content,
    width: isTurned ? size.height : size.width,
    height: isTurned ? size.width : size.height
  }
}

/** Whether a marker has no segment: TEM and RST. */
function isAlone (marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)
}

/** Whether a segment begins a frame, which says how large the picture is. */
function isFrame (marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** Of the segments of applications those that change how colours are shown. */
function isKept (marker: number, segment: Buffer): boolean {
  if (marker === COM) return false
  if (marker < APP0 || marker > APP15) return true
  return marker === APP0 || marker === APP14 || (marker === APP2 && segment.indexOf(ICC) === 4)
}

/** The first marker behind the coded data of a scan. */
function endOfScan (bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1]
    if (next === undefined) break
    if (next !== 0 && next !== 0xff && !isAlone(next)) return at
  }
  return bytes.length
}

/** The orientation in a segment of Exif (CIPA DC-008, 4.6.4): 1 to 8. */
function orientationIn (segment: Buffer): number | undefined {
  if (!segment.subarray(0, EXIF.length).equals(EXIF)) return undefined
  const tiff = segment.subarray(EXIF.length)
  if (tiff.length < 8) return undefined
  const isLittle = tiff.toString('latin1', 0, 2) === 'II'
  const u16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.length) return undefined
  for (let index = 0; index < u16(directory); index++) {
    const entry = directory + 2 + index * IFD_ENTRY_BYTES
    if (entry + IFD_ENTRY_BYTES > tiff.length) return undefined
    if (u16(entry) !== ORIENTATION_TAG) continue
    const value = u16(entry + 8)
    return value >= 1 && value <= 8 ? value : undefined
  }
  return undefined
}

/** A segment of Exif that says how the picture is turned, and nothing more. */
function orientationSegment (orientation: number): Buffer {
  const tiff = Buffer.alloc(26)
  tiff.write('MM\0*', 0, 'latin1')
  tiff.writeUInt32BE(8, 4)
  tiff.writeUInt16BE(1, 8)
  tiff.writeUInt16BE(ORIENTATION_TAG, 10)
  tiff.writeUInt16BE(3, 12)
  tiff.writeUInt32BE(1, 14)
  tiff.writeUInt16BE(orientation, 18)
  const head = Buffer.from([0xff, APP1, 0, 2 + EXIF.length + tiff.length])
  return Buffer.concat([head, EXIF, tiff])
}
