/** Pictures with what they should lose, or pretend to be. */
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** A text that every picture of {@link pictureWithMetadata} has in its metadata. */
export const SECRET_PLACE = 'somewhere in the Alps'

/** A picture of 60 × 40 pixels with metadata. */
export async function pictureWithMetadata (format: 'jpeg' | 'png' | 'webp', orientation = 1): Promise<Buffer> {
  return sharp({ create: { width: 60, height: 40, channels: 3, background: '#bada55' } })
    .withMetadata({ orientation, exif: { IFD0: { ImageDescription: SECRET_PLACE } } })
    .toFormat(format)
    .toBuffer()
}

/** An animated GIF of two pictures of 3 × 2 pixels, with a comment. */
export async function gifWithComment (): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: 3 * 4 * 3 }, (_, index) => (index < 3 * 2 * 3 ? 0 : 255)))
  const gif = await sharp(pixels, { raw: { width: 3, height: 4, channels: 3, pageHeight: 2 } }).gif().toBuffer()
  const headEnd = 13 + 3 * 2 ** (((gif[10] ?? 0) & 7) + 1)
  const comment = Buffer.concat([
    Buffer.from([0x21, 0xfe, SECRET_PLACE.length]), Buffer.from(SECRET_PLACE), Buffer.from([0])
  ])
  return Buffer.concat([gif.subarray(0, headEnd), comment, gif.subarray(headEnd)])
}

/** A PNG that says how large it is, in a few bytes. */
export function pngOfSize (width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(Math.min(1 + width, 100_000)))), chunk('IEND', Buffer.alloc(0))
  ])
}

function chunk (type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
