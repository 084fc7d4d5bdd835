/** Looks at an upload: what it is, and what is kept of it. */
import { type CleanImage, cleanImage } from './image.ts'
import { HEAD_BYTES, isShownType, servingOf, typeOfContent, UNKNOWN_TYPE } from './content-type.ts'
import { inPictureTurn } from './picture-turns.ts'
import { makeThumbnail } from './thumbnail.ts'

/** Pictures are looked at in memory: a larger one is a file like any other, and keeps its metadata. */
export const MAX_IMAGE_BYTES = 33_554_432

/** An upload as it is read. */
export type Reader = { size: number, read: (range: { start: number, end: number }) => Promise<Buffer> }

/** What an upload is. */
export type Inspection = {
  contentType: string
  /** The size in pixels of an image. */
  width?: number
  height?: number
  /** Replaces what was uploaded. */
  content?: Buffer
  thumbnail?: Buffer | undefined
}

/**
 * Looks at an upload.
 * @param declared the type that its sender says
 * @param userId whose turn it takes
 * @throws {TooManyPicturesError}
 */
export async function inspect ({ size, read }: Reader, declared: string, userId: number): Promise<Inspection> {
  const head = await read({ start: 0, end: Math.min(size, HEAD_BYTES) - 1 })
  const type = typeOfContent(head, declared)
  if (!isShownType(type)) return { contentType: type }
  const other = { contentType: UNKNOWN_TYPE }
  if (size > MAX_IMAGE_BYTES) return other
  return inPictureTurn(userId, async () => {
    const image = cleanImage(await read({ start: 0, end: size - 1 }), type)
    return image === undefined ? other : await inspectImage(image, type)
  })
}

async function inspectImage (image: CleanImage, contentType: string): Promise<Inspection> {
  const { isShown } = servingOf({ contentType, ...image })
  return { contentType, ...image, thumbnail: isShown ? await makeThumbnail(image.content) : undefined }
}
