/**
 * Passwords: the rule for new ones, and hashing with Argon2id (RFC 9106), one lane. Hashes run on the thread pool, with
 * a limit on how many at a time.
 */
import { hash, type Options, verify } from 'argon2'
import { COMMON_PASSWORDS } from './common-passwords.ts'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'

/** Minimum cost recommended by the OWASP Password Storage Cheat Sheet. */
export const OWASP_COST: HashCost = { memoryKiB: 19_456, passes: 2 }
const MIN_LENGTH = 8
const MAX_BYTES = 256

/** Cost of a hash. */
export type HashCost = { memoryKiB: number, passes: number }

/**
 * The outcome of a comparison. `outdated` is right, too, but the hash should be replaced: it is of lower cost than a
 * new one would be, or of the password as it was typed. An imported hash of higher cost is not outdated.
 */
export type PasswordMatch = 'wrong' | 'right' | 'outdated'

/** Hashes and verifies passwords, in the form of {@link preparePassword}. */
export type PasswordHasher = {
  /** @throws {ChatError} `overloaded` when too many wait */
  hash: (password: string) => Promise<string>
  /**
   * Compares a password with a hash. Without a hash it takes as long and the password is wrong, so that the duration
   * does not reveal which users exist.
   * @throws {ChatError} `overloaded` when too many wait
   */
  verify: (password: string, passwordHash: string | undefined) => Promise<PasswordMatch>
}

/** What a new password needs besides its length: a mixture of characters, or only not to be a common one. */
export type PasswordRule = 'mixed' | 'long'

const LONG_SENTENCE =
  'A password has at least 8 characters, at most 256 bytes, and is none of those that everybody tries.'

/**
 * The one form of a password, whichever keyboard it was typed on: spaces of other scripts become U+0020, and characters
 * are composed (NFC). RFC 8265, 4.2.2 (OpaqueString); nothing that it forbids is refused here, since emoji contain it.
 */
export function preparePassword (typed: string): string {
  return typed.replace(/\p{Zs}/gu, ' ').normalize('NFC')
}

/** Checks a new password. @throws {ChatError} `weak_password` */
export function checkNewPassword (typed: string, rule: PasswordRule = 'mixed'): void {
  const password = preparePassword(typed)
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

/** Whether it is a common password, or one character repeated. */
function isCommon (password: string): boolean {
  return COMMON_PASSWORDS.has(password.toLowerCase()) || /^(.)\1*$/su.test(password)
}

function isTooLong (password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES
}

/** Cost is memory times passes: OWASP treats 46 MiB in one pass as equivalent to 19 MiB in two. */
function isOutdated (passwordHash: string, { memoryKiB, passes }: HashCost): boolean {
  const [, parameters = ''] = /^\$argon2id\$v=19\$([^$]+)\$/.exec(passwordHash) ?? []
  // The order of the parameters differs between libraries.
  const costOf = (name: string) => Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(parameters)?.[1] ?? 0)
  return costOf('m') * costOf('t') < memoryKiB * passes
}

/** How a hasher works. */
export type PasswordHasherOptions = {
  /** What each new hash costs. */
  cost: HashCost
  /** Hashes computed at a time, each with the memory of its cost. */
  concurrency: number
  /** Hashes that may wait. */
  queue: number
  /** Argon2 by default. */
  algorithm?: {
    hash: (password: string, options: Options) => Promise<string>
    verify: (passwordHash: string, password: string) => Promise<boolean>
  }
}

/** Creates a hasher. */
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
      // The slot is handed directly to the next waiter, so that a new call cannot take it first.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  async function matches (password: string, passwordHash: string | undefined): Promise<boolean> {
    if (isTooLong(password)) return false
    return withSlot(async () => await algorithm.verify(passwordHash ?? decoy, password) && passwordHash !== undefined)
  }

  return {
    hash: (password) => withSlot(() => algorithm.hash(preparePassword(password), parameters)),
    async verify (typed, passwordHash) {
      const password = preparePassword(typed)
      if (await matches(password, passwordHash))
        return passwordHash !== undefined && isOutdated(passwordHash, cost) ? 'outdated' : 'right'
      // Hashes of version 0.1 are of passwords as they were typed.
      return password !== typed && await matches(typed, passwordHash) ? 'outdated' : 'wrong'
    }
  }
}
