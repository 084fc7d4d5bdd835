/**
 * Slows down who guesses passwords, without keeping the owner out.
 *
 * A failed login counts against the account together with the client's network, against the account, and against all
 * accounts together. The last two are what a guesser with many addresses runs into, and what they could use to keep the
 * owner out: so they do not bind a network from which the account was used before, and whoever sets a new password by a
 * mailed link has used it from there. Sessions that are open are not touched at all.
 */
import type { Rate, RateLimiter } from '../../rate-limits/rate-limiter.ts'
import { ChatError } from '../errors.ts'
import { type Identity, rateKeyOf } from './rate-keys.ts'

const MINUTE_MS = 60_000
const WINDOW_MS = 15 * MINUTE_MS
/** How long a network counts as one from which an account was used. */
const FAMILIARITY_MS = 30 * 24 * 60 * MINUTE_MS
const ALL_ACCOUNTS = 'all'

const FAMILIAR: Rate = { name: 'familiar', max: 1, windowMs: FAMILIARITY_MS, isMarker: true }

/** How many logins may fail. */
export type LoginLimits = {
  /** To one account from one network in 15 minutes. */
  perAddress: number
  /** To one account in 15 minutes, from networks that it was not used from. */
  perAccount: number
  /** A minute, to all accounts together, from networks that they were not used from. */
  everywhere: number
}

/** What the guard counts in, and up to where. */
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
 * Counts a login as failed before its password is looked at, so that guesses in parallel cannot outrun the bound. It
 * makes no difference whether the account exists.
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

/** Takes a count back: the login did not fail, or not for its password. */
export async function withdrawLogin ({ rates }: Pick<GuardDeps, 'rates'>, attempt: LoginAttempt): Promise<void> {
  await Promise.all(attempt.map(({ rate, key }) => rates.refund(rate, key)))
}

/**
 * Remembers that the owner of an account used it from a network, under either of its names, and forgives what failed
 * there.
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
