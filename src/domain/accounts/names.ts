/** Names: the unique username of an account, and the display name that a username can be made from. */
import { randomInt } from 'node:crypto'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'

const MAX_NAME_LENGTH = 64
const MIN_USERNAME_LENGTH = 3
/** Of the 32 characters that a username may have, a suffix gets the rest. */
const MAX_STEM_LENGTH = 22
const MAX_SUFFIX_DIGITS = 9
const ANONYMOUS_STEM = 'user'

/** The rule for usernames. @throws {ChatError} `invalid_username` */
export function checkUsername (username: string): void {
  if (!/^[A-Za-z0-9_.-]{3,32}$/.test(username)) throw new ChatError('invalid_username')
}

/**
 * A display name without the blanks around it. Line breaks and characters that turn the direction of writing are
 * refused: with them a name could pass for something else than a name.
 * @throws {ChatError} `invalid_name`
 */
export function cleanName (text: string): string {
  const name = text.trim()
  const isValid =
    name !== '' &&
    Array.from(name).length <= MAX_NAME_LENGTH &&
    isStorable(name) &&
    !/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u.test(name)
  if (!isValid) throw new ChatError('invalid_name')
  return name
}

/**
 * A username made from a display name: its letters and digits, as far as a username may have them.
 * @param attempt how many were taken already; each one more makes a clash ten times less likely
 */
export function usernameFor (name: string, attempt: number): string {
  const stem = stemOf(name)
  const digits = Math.min(attempt + (stem === ANONYMOUS_STEM ? 3 : 0), MAX_SUFFIX_DIGITS)
  return digits === 0
    ? stem
    : `${stem}-${randomInt(10 ** digits)
      .toString()
      .padStart(digits, '0')}`
}

function stemOf (name: string): string {
  const stem = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, MAX_STEM_LENGTH)
    .replace(/^-+|-+$/g, '')
  return stem.length < MIN_USERNAME_LENGTH ? ANONYMOUS_STEM : stem
}
