/** Compares what a browser shows with pictures that were looked at and kept. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'

const KEPT = path.join('test', 'api', 'web', 'pictures')
const SEEN = path.join('.tap', 'pictures')
/** A difference of a channel that nobody sees, as two rasterisers make it at the edges of letters. */
const UNSEEN = 64
/** Share of the pixels that may differ by more. */
const TOLERANCE = 0.000_5

/**
 * Compares a picture with the one of its name that was kept. With `CONFAB_KEEP_PICTURES=1` it is kept instead.
 * @param png the picture
 * @returns what differs, in a sentence with where to look; undefined if nothing does
 */
export async function differenceFromKept (name: string, png: Buffer): Promise<string | undefined> {
  const file = path.join(KEPT, `${name}.png`)
  if (process.env['CONFAB_KEEP_PICTURES'] === '1') {
    await mkdir(KEPT, { recursive: true })
    await writeFile(file, await sharp(png).png({ palette: true, effort: 10 }).toBuffer())
    return undefined
  }
  const [seen, kept] = [await pixelsOf(png), await pixelsOf(await readFile(file))]
  const difference = differenceOf(seen, kept)
  if (difference === undefined) return undefined
  await mkdir(SEEN, { recursive: true })
  const shown = path.join(SEEN, `${name}.png`)
  await writeFile(shown, png)
  return `${difference}; compare ${shown} with ${file}`
}

type Pixels = { data: Buffer, width: number, height: number }

async function pixelsOf (png: Buffer): Promise<Pixels> {
  const { data, info: { width, height } } =
    await sharp(png).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  return { data, width, height }
}

function differenceOf (seen: Pixels, kept: Pixels): string | undefined {
  const [size, keptSize] = [seen, kept].map(({ width, height }) => `${String(width)} × ${String(height)}`)
  if (size !== keptSize) return `${String(size)} pixels, not ${String(keptSize)}`
  const pixels = seen.width * seen.height
  let differing = 0
  for (let index = 0; index < pixels; index++) {
    const at = index * 3
    if ([0, 1, 2].some((channel) => Math.abs(channelOf(seen, at + channel) - channelOf(kept, at + channel)) > UNSEEN))
      differing++
  }
  return differing / pixels > TOLERANCE ? `${String(differing)} of ${String(pixels)} pixels differ` : undefined
}

function channelOf ({ data }: Pixels, at: number): number {
  return data[at] ?? 0
}
