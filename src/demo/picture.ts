/** A picture for the demo: a map with contour lines, drawn by arithmetic, as a PNG. */
import { crc32, deflateSync } from 'node:zlib'

const [WIDTH, HEIGHT] = [960, 600]
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const [BIT_DEPTH, TRUE_COLOUR] = [8, 2]
const CHANNELS = 3
const CONTOURS = 14
/** Lowland, meadow, rock, snow. */
const COLOURS = [[150, 190, 160], [205, 214, 160], [196, 176, 148], [244, 244, 246]] as const

/** Draws another map for each seed. */
export function drawMap (seed: number): Buffer<ArrayBuffer> {
  const rows: Buffer[] = []
  for (let y = 0; y < HEIGHT; y++) {
    // Each row begins with its filter: none.
    const row = Buffer.alloc(1 + WIDTH * CHANNELS)
    for (let x = 0; x < WIDTH; x++) row.set(colourAt(x, y, seed), 1 + x * CHANNELS)
    rows.push(row)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(WIDTH, 0)
  header.writeUInt32BE(HEIGHT, 4)
  header.set([BIT_DEPTH, TRUE_COLOUR, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))
  ])
}

/** From 0 to 1. */
function heightAt (x: number, y: number, seed: number): number {
  const [u, v] = [x / 150 + seed * 7, y / 150 + seed * 3]
  const waves = Math.sin(u + Math.sin(v * 0.7)) + Math.cos(v * 1.1 - Math.sin(u * 0.6))
  const sum = waves + 0.5 * Math.sin(u * 2.3 + v * 1.9)
  return (sum + 2.5) / 5
}

function colourAt (x: number, y: number, seed: number): number[] {
  const height = heightAt(x, y, seed)
  // Light from the north-west.
  const slope = (heightAt(x + 2, y + 2, seed) - height) * 9
  const isContour = Math.floor(height * CONTOURS) !== Math.floor(heightAt(x + 1, y + 1, seed) * CONTOURS)
  const place = Math.min(height * COLOURS.length, COLOURS.length - 1)
  const [low, high] = [COLOURS[Math.floor(place)] ?? COLOURS[0], COLOURS[Math.ceil(place)] ?? COLOURS[0]]
  return low.map((value, index) => {
    const mixed = value + ((high[index] ?? value) - value) * (place % 1)
    return Math.max(0, Math.min(255, Math.round(mixed * (1 - slope) * (isContour ? 0.72 : 1))))
  })
}

function chunk (type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
