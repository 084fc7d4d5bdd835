/** Names: the unique username of an account, and the display name from which a username can be derived. */
import { randomInt } from 'node:crypto'
import { ChatError } from '../errors.ts'
import { isShowable, isStorable } from '../text.ts'

const MAX_NAME_LENGTH = 64
const MAX_AVATAR_LENGTH = 2_048
const MIN_USERNAME_LENGTH = 3
/** Length of the stem of a derived username; the rest of the 32 characters is for the suffix. */
const MAX_STEM_LENGTH = 22
const MAX_SUFFIX_DIGITS = 9
const ANONYMOUS_STEM = 'user'

/** Checks a username. @throws {ChatError} `invalid_username` */
export function checkUsername (username: string): void {
  if (!/^[A-Za-z0-9_.-]{3,32}$/.test(username)) throw new ChatError('invalid_username')
}

/** Returns a display name without surrounding white space. @throws {ChatError} `invalid_name` */
export function cleanName (text: string): string {
  const name = text.trim()
  if (Array.from(name).length > MAX_NAME_LENGTH || !isShowable(name)) throw new ChatError('invalid_name')
  return name
}

/** Whether a text can be the URL of a picture. */
export function isAvatar (text: string): boolean {
  return text.length <= MAX_AVATAR_LENGTH && isStorable(text) && /^https?:\/\//i.test(text) && URL.canParse(text)
}

/**
 * Derives a username from a display name: its letters and digits, as far as a username allows them.
 * @param attempt number of names that were already taken; each one makes another clash ten times less likely
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
