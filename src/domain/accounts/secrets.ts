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

/** Keys of stored codes and of tokens: the first makes them, and all are accepted, so that a key can be replaced. */
export type Keys = readonly [string, ...string[]]

/** The stored form of a code: a keyed hash, since a million codes are quickly tried. */
export function hashCode ([key]: Keys, userId: number, code: string): string {
  return keyedHash(key, `code:${String(userId)}:${code}`)
}

/** Whether a code has this stored form, by any of the keys. */
export function isCode (keys: Keys, userId: number, code: string, codeHash: string): boolean {
  return isKeyedHash(keys, `code:${String(userId)}:${code}`, codeHash)
}

/**
 * Identifies the network of a registration without storing it. It is made with the code, so that it fits no other
 * registration.
 */
export function hashNetwork ([key]: Keys, codeHash: string, network: string): string {
  return keyedHash(key, `network:${codeHash}:${network}`)
}

/** Whether a registration was made from this network, by any of the keys. */
export function isNetwork (
  keys: Keys,
  { codeHash, networkKey }: { codeHash: string, networkKey: string | null },
  network: string
): boolean {
  return networkKey !== null && isKeyedHash(keys, `network:${codeHash}:${network}`, networkKey)
}

function keyedHash (key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

function isKeyedHash (keys: Keys, text: string, hash: string): boolean {
  return keys.some((key) => equalHashes(keyedHash(key, text), hash))
}

/** Compares two hashes in constant time. */
function equalHashes (a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
