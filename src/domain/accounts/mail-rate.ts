/**
 * Limits the mails that can be triggered for one recipient: they are a nuisance, and each one with a code allows five
 * more guesses.
 */
import type { Rate, RateLimiter } from '../../rate-limits/rate-limiter.ts'
import { ChatError } from '../errors.ts'
import { type Identity, rateKeyOf } from './rate-keys.ts'

/** A code allows five guesses, so this bounds them, too. */
const CODES_PER_MINUTE: Rate = { name: 'verification-mails', max: 1, windowMs: 60_000 }
const MAILS_PER_HOUR: Rate = { name: 'mails', max: 10, windowMs: 3_600_000 }

/** Counts a mail to an account or address, whether or not it exists. @throws {ChatError} `rate_limited` */
export async function countMail ({ rates }: { rates: RateLimiter }, identity: Identity): Promise<void> {
  const retryAfterMs = await rates.take(MAILS_PER_HOUR, rateKeyOf(identity))
  if (retryAfterMs > 0) throw new ChatError('rate_limited', undefined, { retryAfterMs })
}

/** Counts a request for another code, whether or not the account exists. @throws {ChatError} `rate_limited` */
export async function countCode ({ rates }: { rates: RateLimiter }, username: string): Promise<void> {
  const retryAfterMs = await rates.take(CODES_PER_MINUTE, rateKeyOf({ username }))
  if (retryAfterMs > 0) throw new ChatError('rate_limited', undefined, { retryAfterMs })
}

/** Notes that a code is mailed without having been asked for again: the next minute begins now. */
export async function noteCode ({ rates }: { rates: RateLimiter }, username: string): Promise<void> {
  await rates.clear(CODES_PER_MINUTE, rateKeyOf({ username }))
  await countCode({ rates }, username)
}
