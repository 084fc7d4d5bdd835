/**
 * What a content is, by its first bytes: what a sender or a name says of it decides nothing, except between formats
 * that look alike. The signatures are those of the specifications of the formats. The package `file-type` knows more
 * of them, but its releases need a newer Node.js than this server, and most are for formats that browsers save anyway.
 */

/** So many first bytes are enough. */
export const HEAD_BYTES = 4_096

/** The type of what is nothing known. */
export const UNKNOWN_TYPE = 'application/octet-stream'

type Signature = readonly [type: string, offset: number, bytes: string]

/** Bytes are in hexadecimal. */
const SIGNATURES: readonly Signature[] = [
  ['image/png', 0, '89504e470d0a1a0a'],
  ['image/jpeg', 0, 'ffd8ff'],
  ['image/gif', 0, '474946383761'],
  ['image/gif', 0, '474946383961'],
  ['image/bmp', 0, '424d'],
  ['image/tiff', 0, '49492a00'],
  ['image/tiff', 0, '4d4d002a'],
  ['application/pdf', 0, '255044462d'],
  ['application/gzip', 0, '1f8b08'],
  ['application/x-7z-compressed', 0, '377abcaf271c'],
  ['application/vnd.rar', 0, '526172211a07'],
  ['application/x-bzip2', 0, '425a68'],
  ['application/zstd', 0, '28b52ffd'],
  ['application/x-xz', 0, 'fd377a585a00'],
  ['application/x-tar', 257, '7573746172'],
  ['audio/mpeg', 0, '494433'],
  ['audio/mpeg', 0, 'fffb'],
  ['audio/mpeg', 0, 'fff3'],
  ['audio/mpeg', 0, 'fff2'],
  ['audio/aac', 0, 'fff1'],
  ['audio/aac', 0, 'fff9'],
  ['audio/flac', 0, '664c6143'],
  ['audio/amr', 0, '2321414d52'],
  ['audio/midi', 0, '4d546864'],
  ['font/woff2', 0, '774f4632'],
  ['font/woff', 0, '774f4646']
]

const ZIP = '504b0304'
const [EMPTY_ZIP, COMPOUND, EBML, OGG, RIFF] = ['504b0506', 'd0cf11e0a1b11ae1', '1a45dfa3', '4f676753', '52494646']

/** Formats in a zip archive that a sender may name; any other is called an archive. */
const ZIP_BASED = new RegExp(
  '^application/(vnd\\.openxmlformats-officedocument\\.[a-z.]+|vnd\\.oasis\\.opendocument\\.[a-z-]+|epub\\+zip)$'
)
/** The same in a compound file of OLE. */
const COMPOUND_BASED = /^application\/(msword|vnd\.ms-(excel|powerpoint|outlook))$/
/** What a sender may say of an MP4 whose brand leaves it open: recorders of browsers write one for sounds, too. */
const MP4_AUDIO = new Set(['audio/mp4', 'audio/x-m4a'])
/** Formats of text that do nothing when they are shown. */
const PLAIN_TEXTS = new Set([
  'text/plain', 'text/csv', 'text/markdown', 'text/calendar', 'text/vcard', 'application/json'
])

/** The brands of the ISO base media file format (ISO/IEC 14496-12) that have a type of their own. */
const BRANDS: Readonly<Record<string, string>> = {
  avif: 'image/avif', avis: 'image/avif', heic: 'image/heic', heix: 'image/heic', mif1: 'image/heif',
  'M4A ': 'audio/mp4', 'M4B ': 'audio/mp4', 'qt  ': 'video/quicktime', '3gp4': 'video/3gpp', '3gp5': 'video/3gpp'
}

/**
 * The type of a content.
 * @param head its first {@link HEAD_BYTES} bytes, or all of it
 * @param declared what its sender says; a media type in lower case
 */
export function typeOfContent (head: Buffer, declared: string): string {
  const hasAt = (offset: number, bytes: string) =>
    head.subarray(offset, offset + bytes.length / 2).equals(Buffer.from(bytes, 'hex'))
  const nameAt = (offset: number) => head.toString('latin1', offset, offset + 4)
  if (hasAt(0, RIFF))
    return { WEBP: 'image/webp', WAVE: 'audio/wav', 'AVI ': 'video/x-msvideo' }[nameAt(8)] ?? UNKNOWN_TYPE
  if (nameAt(4) === 'ftyp') return BRANDS[nameAt(8)] ?? (MP4_AUDIO.has(declared) ? 'audio/mp4' : 'video/mp4')
  if (hasAt(0, ZIP) || hasAt(0, EMPTY_ZIP)) return ZIP_BASED.test(declared) ? declared : 'application/zip'
  if (hasAt(0, COMPOUND)) return COMPOUND_BASED.test(declared) ? declared : 'application/x-cfb'
  if (hasAt(0, EBML)) return declared === 'audio/webm' || head.includes('webm') ? webmOf(declared) : 'video/matroska'
  if (hasAt(0, OGG)) return declared === 'video/ogg' || declared === 'application/ogg' ? declared : 'audio/ogg'
  for (const [type, offset, bytes] of SIGNATURES) if (hasAt(offset, bytes)) return type
  return typeOfText(head, declared)
}

function webmOf (declared: string): string {
  return declared === 'audio/webm' ? declared : 'video/webm'
}

/** Text is what is UTF-8 without control characters. */
function typeOfText (head: Buffer, declared: string): string {
  let text: string
  try {
    // The head may end within a character.
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: head.length >= HEAD_BYTES })
  } catch {
    return UNKNOWN_TYPE
  }

  if (text === '' || /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return UNKNOWN_TYPE
  if (/<svg[\s>]/i.test(text)) return 'image/svg+xml'
  if (/<(!doctype\s+html|html|head|body|script|iframe|img|a|div|table|title|style|meta|link)[\s>/]/i.test(text))
    return 'text/html'
  if (/^\uFEFF?\s*<\?xml\s/.test(text)) return 'application/xml'
  return PLAIN_TEXTS.has(declared) ? declared : 'text/plain'
}

/** Images that a browser may show: their form was checked, and they run nothing. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
/** What a browser would take for a page, or for a part of one. */
const ACTIVE = /^(text\/html|image\/svg\+xml|application\/xml|text\/(xml|javascript|css))$/

/** Images with more pixels are not shown, nor have they a thumbnail: decoded they would take too much memory. */
export const MAX_PIXELS = 50_000_000

/** What is known of a content. */
export type KnownContent = { contentType: string, width?: number | null, height?: number | null }

/** With which type a content is sent, and whether a browser may show it in place. */
export function servingOf ({ contentType, width, height }: KnownContent): { servedType: string, isShown: boolean } {
  if (!isShownType(contentType)) return { servedType: servedTypeOf(contentType), isShown: false }
  // A small file may say that it is a huge picture, which every browser that shows it would have to decode.
  const isShown = width != null && height != null && width * height <= MAX_PIXELS
  return { servedType: isShown ? contentType : UNKNOWN_TYPE, isShown }
}

/** Whether a content of this type may be an image that is shown in place. */
export function isShownType (type: string): boolean {
  return SHOWN.has(type)
}

/** The type with which a content is sent: for what could be taken for a page that of unknown bytes. */
function servedTypeOf (type: string): string {
  if (ACTIVE.test(type)) return UNKNOWN_TYPE
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
