/**
 * Pictures of users and chats: squares that are coded anew by `sharp`, which leaves nothing of the file that was sent.
 * Without that optional package small pictures are kept as they are, without their metadata.
 */
import type Sharp from 'sharp'
import { HEAD_BYTES, isShownType, MAX_PIXELS, typeOfContent } from './content-type.ts'
import { type CleanImage, cleanImage } from './image.ts'
import { inPictureTurn } from './picture-turns.ts'
import { loadSharp } from './sharp.ts'

/** The side of the square, in pixels, unless the picture is smaller. */
const SIDE = 256
const QUALITY = 82
const TIMEOUT_S = 10
/** The longest side of a picture that is kept as it is: every page that shows it has to decode it. */
const MAX_SIDE_AS_IT_IS = 512

/** A picture to store. */
export type AvatarContent = { contentType: string, content: Buffer }

/** The picture cannot be used; the message is a sentence for its sender. */
export class AvatarError extends Error {
  override readonly name = 'AvatarError'
}

/**
 * Makes the picture to store of one that was sent.
 * @param userId whose turn it takes
 * @param load returns the package that scales pictures, if it is installed
 * @throws {AvatarError}
 * @throws {TooManyPicturesError}
 */
export async function makeAvatar (bytes: Buffer, userId: number, load = loadSharp): Promise<AvatarContent> {
  const type = typeOfContent(bytes.subarray(0, HEAD_BYTES), '')
  if (!isShownType(type)) throw new AvatarError('The picture must be a PNG, JPEG, WebP or GIF.')
  return inPictureTurn(userId, async () => {
    const image = cleanImage(bytes, type)
    if (image === undefined) throw new AvatarError('The picture is damaged.')
    // A small file may say that it is a huge picture.
    if (image.width * image.height > MAX_PIXELS) throw new AvatarError('The picture has too many pixels.')
    const sharp = await load()
    return sharp === undefined ? asItIs(image, type) : makeSquare(sharp, image)
  })
}

async function makeSquare (sharp: typeof Sharp, { content: picture, width, height }: CleanImage) {
  const side = Math.min(SIDE, width, height)
  try {
    const content = await sharp(picture, { limitInputPixels: MAX_PIXELS, pages: 1 })
      .rotate()
      .resize({ width: side, height: side, fit: 'cover' })
      .webp({ quality: QUALITY })
      .timeout({ seconds: TIMEOUT_S })
      .toBuffer()
    return { contentType: 'image/webp', content }
  } catch (error) {
    throw new AvatarError('The picture is damaged.', { cause: error })
  }
}

function asItIs ({ content, width, height }: CleanImage, contentType: string): AvatarContent {
  if (Math.max(width, height) <= MAX_SIDE_AS_IT_IS) return { contentType, content }
  const side = String(MAX_SIDE_AS_IT_IS)
  throw new AvatarError(`This server cannot scale pictures: send one of at most ${side} × ${side} pixels.`)
}
