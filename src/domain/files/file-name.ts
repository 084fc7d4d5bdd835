/** Names of files: what a sender gives is a name to show, and never a path. */
import { ChatError } from '../errors.ts'
import { isBlank } from '../text.ts'

/** Longest name, in UTF-16 code units. */
export const MAX_FILE_NAME_LENGTH = 255
/** A longer name with folders before it is not read. */
export const MAX_GIVEN_NAME_LENGTH = 1_024

const HEXADECIMAL = 16
const REPLACEMENT = '_'
/** Line breaks and other controls, and what changes the direction of writing: `gpj.exe` could be shown as `exe.jpg`. */
const DANGEROUS = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069"<>:|?*]/gu

/**
 * The name of a file without folders and dangerous characters.
 * @throws {ChatError} `invalid_input` for one that is too long
 */
export function cleanFileName (given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? ''
  const name = last.replace(DANGEROUS, REPLACEMENT).trim()
  if (name.length > MAX_FILE_NAME_LENGTH)
    throw new ChatError('invalid_input', `The name of a file has at most ${String(MAX_FILE_NAME_LENGTH)} characters.`)
  return isBlank(name) || /^\.+$/.test(name) ? 'file' : name
}

/**
 * The header `Content-Disposition` (RFC 6266): the name in ASCII for old clients, and in UTF-8 (RFC 8187).
 * @param isShown whether a browser may show the file in place
 */
export function dispositionOf (name: string, isShown: boolean): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, REPLACEMENT)
  const encoded = encodeURIComponent(name)
    .replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(HEXADECIMAL).toUpperCase()}`)
  return `${isShown ? 'inline' : 'attachment'}; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
