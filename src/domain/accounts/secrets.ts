/** Random codes and tokens, and the hashes under which they are stored. */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

const TOKEN_BYTES = 32
const CODE_DIGITS = 6

/** A random token of 256 bits with a prefix that secret scanners can recognise. */
export function createToken (prefix: string): string {
  return `${prefix}${randomBytes(TOKEN_BYTES).toString('base64url')}`
}

/** The stored form of a token: a plain hash, since 256 random bits cannot be guessed. */
export function hashToken (token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** A random code of six digits. */
export function createCode (): string {
  return randomInt(10 ** CODE_DIGITS).toString().padStart(CODE_DIGITS, '0')
}

/** The stored form of a code: a keyed hash, since a million codes are quickly tried. */
export function hashCode (key: string, userId: number, code: string): string {
  return createHmac('sha256', key).update(`code:${String(userId)}:${code}`).digest('base64url')
}

/** Compares two hashes in constant time. */
export function equalHashes (a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
