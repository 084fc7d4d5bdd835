/**
 * What rates of accounts are counted by: what was typed, as a hash, so that no name, no address and no length is kept.
 */
import { createHash } from 'node:crypto'

/** An account as somebody names it, whether or not it exists. */
export type Identity = { username: string } | { email: string }

/**
 * The key of an account by one of its names. The other one has a key of its own, even though that doubles what may be
 * tried: with a common key, using up the one and trying the other would tell that both are of one account.
 */
export function rateKeyOf (identity: Identity): string {
  const text = 'email' in identity ? `email:${identity.email}` : `username:${identity.username}`
  return createHash('sha256').update(text.toLowerCase()).digest('base64url')
}
