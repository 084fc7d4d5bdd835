/** Keys of the rates of accounts: a hash of the name as typed, so that no name, address or length is stored. */
import { createHash } from 'node:crypto'

/** An account as named by a client, whether or not it exists. */
export type Identity = { username: string } | { email: string }

/**
 * The key of an account by one of its names. Username and address have separate keys although that doubles the number
 * of tries: with a common key, using up one and trying the other would reveal that both belong to the same account.
 */
export function rateKeyOf (identity: Identity): string {
  const text = 'email' in identity ? `email:${identity.email}` : `username:${identity.username}`
  return createHash('sha256').update(text.toLowerCase()).digest('base64url')
}
