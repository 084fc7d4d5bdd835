/** Random codes and tokens, and the hashes under which they are kept. */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

const TOKEN_BYTES = 32
const CODE_DIGITS = 6

/** A random token of 256 bits behind a prefix that secret scanners can find. */
export function createToken (prefix: string): string {
  return `${prefix}${randomBytes(TOKEN_BYTES).toString('base64url')}`
}

/** The form in which a token is stored: a plain hash, since 256 random bits cannot be guessed. */
export function hashToken (token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** A random code of six digits. */
export function createCode (): string {
  return randomInt(10 ** CODE_DIGITS).toString().padStart(CODE_DIGITS, '0')
}

/** The form in which a code is stored: keyed, since a million codes are tried in no time. */
export function hashCode (key: string, userId: number, code: string): string {
  return createHmac('sha256', key).update(`code:${String(userId)}:${code}`).digest('base64url')
}

/** Compares two hashes in constant time. */
export function equalHashes (a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
