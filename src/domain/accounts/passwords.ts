/**
 * Passwords: the rule for new ones, and hashing with Argon2id (RFC 9106), one lane. Hashes run on the thread pool, a
 * bounded number at once.
 */
import { hash, type Options, verify } from 'argon2'
import { COMMON_PASSWORDS } from './common-passwords.ts'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'

/** What the OWASP Password Storage Cheat Sheet asks for at least. */
export const OWASP_COST: HashCost = { memoryKiB: 19_456, passes: 2 }
const MIN_LENGTH = 8
const MAX_BYTES = 256

/** How much work a hash is. */
export type HashCost = { memoryKiB: number, passes: number }

/** Hashes passwords and compares them. */
export type PasswordHasher = {
  /** @throws {ChatError} `overloaded` when too many wait */
  hash: (password: string) => Promise<string>
  /**
   * Compares with a hash; without one it costs the same time and is false, so that nobody learns which users exist.
   * @throws {ChatError} `overloaded` when too many wait
   */
  matches: (password: string, passwordHash: string | undefined) => Promise<boolean>
  /** Whether a hash was made with less work than a new one would be; a stronger one from elsewhere is none. */
  isOutdated: (passwordHash: string) => boolean
}

/**
 * What a new password needs beside its length: a mixture of characters, or no more than that few others would choose
 * it.
 */
export type PasswordRule = 'mixed' | 'long'

const LONG_SENTENCE =
  'A password has at least 8 characters, at most 256 bytes, and is none of those that everybody tries.'

/** Checks a new password. @throws {ChatError} `weak_password` */
export function checkNewPassword (password: string, rule: PasswordRule = 'mixed'): void {
  const isStrong = password.length >= MIN_LENGTH && (rule === 'long' || isMixed(password))
  const isUsable = isStrong && !isTooLong(password) && isStorable(password)
  if (!isUsable || isCommon(password)) throw new ChatError('weak_password', rule === 'long' ? LONG_SENTENCE : undefined)
}

function isMixed (password: string): boolean {
  return (
    /\p{Lu}/u.test(password) &&
    /\p{Ll}/u.test(password) &&
    /\p{Nd}/u.test(password) &&
    /[^\p{L}\p{N}\s]/u.test(password)
  )
}

/** Whether it is one of the first to be guessed, or one character over and over. */
function isCommon (password: string): boolean {
  return COMMON_PASSWORDS.has(password.toLowerCase()) || /^(.)\1*$/su.test(password)
}

function isTooLong (password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES
}

/** Work is memory times passes: OWASP counts 46 MiB in one pass as much as 19 MiB in two. */
function isOutdated (passwordHash: string, { memoryKiB, passes }: HashCost): boolean {
  const [, parameters = ''] = /^\$argon2id\$v=19\$([^$]+)\$/.exec(passwordHash) ?? []
  // Their order differs from one library to the next.
  const costOf = (name: string) => Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(parameters)?.[1] ?? 0)
  return costOf('m') * costOf('t') < memoryKiB * passes
}

/** How a hasher works. */
export type PasswordHasherOptions = {
  /** What each new hash costs. */
  cost: HashCost
  /** Hashes that run at once, each with the memory of its cost. */
  concurrency: number
  /** Hashes that may wait. */
  queue: number
  /** Argon2 by default. */
  algorithm?: {
    hash: (password: string, options: Options) => Promise<string>
    verify: (passwordHash: string, password: string) => Promise<boolean>
  }
}

/** Makes a hasher. */
export async function createPasswordHasher (options: PasswordHasherOptions): Promise<PasswordHasher> {
  const { cost, concurrency, queue, algorithm = { hash, verify } } = options
  const parameters = { memoryCost: cost.memoryKiB, timeCost: cost.passes, parallelism: 1 }
  const decoy = await algorithm.hash('a password that nobody has', parameters)
  const waiting: (() => void)[] = []
  let running = 0

  async function withSlot<Result> (work: () => Promise<Result>): Promise<Result> {
    if (running >= concurrency) {
      if (waiting.length >= queue) throw new ChatError('overloaded')
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      // The slot goes straight to the next one in line, so nobody can slip in between.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  return {
    hash: (password) => withSlot(() => algorithm.hash(password, parameters)),
    isOutdated: (passwordHash) => isOutdated(passwordHash, cost),
    matches (password, passwordHash) {
      if (isTooLong(password)) return Promise.resolve(false)
      return withSlot(async () => await algorithm.verify(passwordHash ?? decoy, password) && passwordHash !== undefined)
    }
  }
}
