/** Small versions of pictures, by `sharp`, which is an optional package: without it there are none. */
import { MAX_PIXELS } from './content-type.ts'
import { loadSharp } from './sharp.ts'

/** The longer side of a thumbnail, in pixels. */
const LONGER_SIDE = 512
const QUALITY = 78
const TIMEOUT_S = 10

/** The type of thumbnails. */
export const THUMBNAIL_TYPE = 'image/webp'

/** Makes a thumbnail; undefined when the picture is damaged or too large, or without the package. */
export async function makeThumbnail (picture: Buffer): Promise<Buffer | undefined> {
  const sharp = await loadSharp()
  if (sharp === undefined) return undefined
  try {
    return await sharp(picture, { limitInputPixels: MAX_PIXELS, pages: 1 })
      .rotate()
      .resize({ width: LONGER_SIDE, height: LONGER_SIDE, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: QUALITY })
      .timeout({ seconds: TIMEOUT_S })
      .toBuffer()
  } catch {
    return undefined
  }
}
