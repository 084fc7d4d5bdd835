/** Makes pictures small before they are sent: those of cameras are larger than the server takes. */

/** Twice what the server keeps. */
const SIDE = 512
const QUALITY = 0.9

/** The square in the middle of a picture; the file itself when this browser cannot show it, for the server to judge. */
export async function shrinkPicture (file: Blob): Promise<Blob> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    return file
  }
  try {
    const side = Math.min(bitmap.width, bitmap.height)
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = Math.min(SIDE, side)
    const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2]
    canvas.getContext('2d')?.drawImage(bitmap, left, top, side, side, 0, 0, canvas.width, canvas.height)
    // A browser that cannot write WebP writes PNG.
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/webp', QUALITY))
    return made ?? file
  } finally {
    bitmap.close()
  }
}
