/** Compressed forms of the files sent to browsers. */
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

/** Content codings; `identity` is uncompressed. */
export type Encoding = 'br' | 'gzip' | 'identity'

const compress = { br: promisify(brotliCompress), gzip: promisify(gzip) }

/**
 * Returns the smallest coding that an `Accept-Encoding` allows. A weight of zero excludes one; the order of other
 * weights is ignored.
 */
export function chooseEncoding (accepted: string | undefined): Encoding {
  const names = new Set(
    (accepted ?? '')
      .toLowerCase()
      .split(',')
      .map((part) => part.trim())
      .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
      .map((part) => part.split(';', 1)[0]?.trim())
  )
  return names.has('br') ? 'br' : names.has('gzip') ? 'gzip' : 'identity'
}

/** Compresses bytes once, when an encoding is first requested. */
export function encodings (bytes: Buffer): (encoding: Encoding) => Promise<Buffer> {
  const made = new Map<Encoding, Promise<Buffer>>([['identity', Promise.resolve(bytes)]])
  return (encoding) => {
    const known = made.get(encoding)
    if (known !== undefined || encoding === 'identity') return known ?? Promise.resolve(bytes)
    const making = compress[encoding](bytes)
    made.set(encoding, making)
    return making
  }
}
