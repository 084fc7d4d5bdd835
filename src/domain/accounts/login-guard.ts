/**
 * Slows down password guessing without locking out the owner.
 *
 * A failed login counts against the account together with the client's network, against the account, and against all
 * accounts together. The last two limit a guesser with many addresses, who could also use them to lock out the owner.
 * So they do not apply to networks from which the account was used before; a password reset by a mailed link counts as
 * such a use. Open sessions are not affected.
 */
import type { Rate, RateLimiter } from '../../rate-limits/rate-limiter.ts'
import { ChatError } from '../errors.ts'
import { type Identity, rateKeyOf } from './rate-keys.ts'

const MINUTE_MS = 60_000
const WINDOW_MS = 15 * MINUTE_MS
/** How long a network counts as familiar after the account was used from it. */
const FAMILIARITY_MS = 30 * 24 * 60 * MINUTE_MS
const ALL_ACCOUNTS = 'all'

const FAMILIAR: Rate = { name: 'familiar', max: 1, windowMs: FAMILIARITY_MS, isMarker: true }

/** How many logins may fail. */
export type LoginLimits = {
  /** To one account from one network in 15 minutes. */
  perAddress: number
  /** To one account in 15 minutes, from networks unfamiliar to it. */
  perAccount: number
  /** Per minute, to all accounts together, from networks unfamiliar to them. */
  everywhere: number
}

/** The counters of the guard, and their limits. */
type GuardDeps = { rates: RateLimiter, loginLimits: LoginLimits }

/** A login that counts as failed until {@link withdrawLogin}. */
export type LoginAttempt = readonly { rate: Rate, key: string }[]

const perAddressRate = ({ perAddress }: LoginLimits): Rate => ({
  name: 'login-failures-address',
  max: perAddress,
  windowMs: WINDOW_MS
})
const perAccountRate = ({ perAccount }: LoginLimits): Rate => ({
  name: 'login-failures-account',
  max: perAccount,
  windowMs: WINDOW_MS
})
const everywhereRate = ({ everywhere }: LoginLimits): Rate => ({
  name: 'login-failures',
  max: everywhere,
  windowMs: MINUTE_MS
})

const pairOf = (account: string, network: string) => `${account}:${network}`

/**
 * Counts a login as failed before its password is compared, so that parallel guesses cannot exceed the limit. It makes
 * no difference whether the account exists.
 * @throws {ChatError} `rate_limited`
 */
export async function countLogin (
  { rates, loginLimits }: GuardDeps,
  identity: Identity,
  network: string
): Promise<LoginAttempt> {
  const account = rateKeyOf(identity)
  const pair = pairOf(account, network)
  const counts = [{ rate: perAddressRate(loginLimits), key: pair }]
  if (!(await rates.isTaken(FAMILIAR, pair))) {
    counts.push(
      { rate: perAccountRate(loginLimits), key: account },
      { rate: everywhereRate(loginLimits), key: ALL_ACCOUNTS }
    )
  }
  const taken: typeof counts = []
  for (const count of counts) {
    const retryAfterMs = await rates.take(count.rate, count.key)
    if (retryAfterMs > 0) {
      await withdrawLogin({ rates }, taken)
      throw new ChatError('rate_limited', undefined, { retryAfterMs })
    }
    taken.push(count)
  }
  return taken
}

/** The errors of guesses. */
const GUESSES: ReadonlySet<string> = new Set(['wrong_credentials', 'wrong_password', 'wrong_code'])

/**
 * Compares a password or a code. It counts as a failed login when that is wrong, and not when it fails for another
 * reason.
 * @throws {ChatError} `rate_limited`, and what `compare` throws
 */
export async function countGuess<Result> (
  deps: GuardDeps, identity: Identity, network: string, compare: () => Promise<Result>
): Promise<Result> {
  const attempt = await countLogin(deps, identity, network)
  let isWrong = false
  try {
    return await compare()
  } catch (error) {
    isWrong = error instanceof ChatError && GUESSES.has(error.code)
    throw error
  } finally {
    if (!isWrong) await withdrawLogin(deps, attempt)
  }
}

/** Takes a count back: the login succeeded, or failed for a reason other than its password. */
export async function withdrawLogin ({ rates }: Pick<GuardDeps, 'rates'>, attempt: LoginAttempt): Promise<void> {
  await Promise.all(attempt.map(({ rate, key }) => rates.refund(rate, key)))
}

/**
 * Remembers that the owner of an account used it from a network, under its username and its address, and resets the
 * count of failures from there.
 */
export async function rememberNetwork (
  { rates, loginLimits }: GuardDeps,
  user: { username: string, email: string },
  network: string
): Promise<void> {
  await Promise.all(
    [{ username: user.username }, { email: user.email }].map(async (identity) => {
      const pair = pairOf(rateKeyOf(identity), network)
      await rates.clear(FAMILIAR, pair)
      await rates.take(FAMILIAR, pair)
      await rates.clear(perAddressRate(loginLimits), pair)
    })
  )
}
