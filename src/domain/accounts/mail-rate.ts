/**
 * Limits the mails that can be triggered for one recipient: they are a nuisance, and each one with a code allows five
 * more guesses.
 */
import type { Rate, RateLimiter } from '../../rate-limits/rate-limiter.ts'
import { ChatError } from '../errors.ts'
import { type Identity, rateKeyOf } from './rate-keys.ts'

const MAILS_PER_HOUR: Rate = { name: 'mails', max: 10, windowMs: 3_600_000 }

/** Counts a mail to an account or address, whether or not it exists. @throws {ChatError} `rate_limited` */
export async function countMail ({ rates }: { rates: RateLimiter }, identity: Identity): Promise<void> {
  const retryAfterMs = await rates.take(MAILS_PER_HOUR, rateKeyOf(identity))
  if (retryAfterMs > 0) throw new ChatError('rate_limited', undefined, { retryAfterMs })
}
