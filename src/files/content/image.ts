/** Pictures that browsers show: cleaned of metadata without being coded again, so that they lose nothing else. */
import { cleanGif } from './gif.ts'
import { cleanJpeg } from './jpeg.ts'
import { cleanPng } from './png.ts'
import { cleanWebp } from './webp.ts'

/** A picture without metadata, and its size in pixels as it is shown. */
export type CleanImage = { width: number, height: number, content: Buffer }

const CLEANERS: Readonly<Record<string, (bytes: Buffer) => CleanImage | undefined>> = {
  'image/png': cleanPng, 'image/jpeg': cleanJpeg, 'image/gif': cleanGif, 'image/webp': cleanWebp
}

/** Cleans a picture of a type; undefined when it is no such picture. */
export function cleanImage (bytes: Buffer, type: string): CleanImage | undefined {
  return CLEANERS[type]?.(bytes)
}
