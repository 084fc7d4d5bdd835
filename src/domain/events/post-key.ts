/** The keys in `messages.post_key`: the client's own, or a generated one for a post without. */
import { randomBytes } from 'node:crypto'

/** Prefix of keys that come from clients, so that they never collide with generated ones. */
const CLIENT_KEY = 'c'
const SERVER_KEY = 's'
const SERVER_KEY_BYTES = 8

/** The key of a post with a `clientMessageID`. */
export function clientKey (clientMessageId: string): string {
  return CLIENT_KEY + clientMessageId
}

/** The `clientMessageID` in a key; undefined for a generated key. */
export function clientMessageIdOf (postKey: string): string | undefined {
  return postKey.startsWith(CLIENT_KEY) ? postKey.slice(CLIENT_KEY.length) : undefined
}

/**
 * Creates keys for posts without a `clientMessageID`: a random prefix of this process and a counter make them unique.
 */
export function createServerKeys (): () => string {
  const start = randomBytes(SERVER_KEY_BYTES).toString('base64url')
  let counter = 0
  return () => `${SERVER_KEY}${start}${(counter++).toString(36)}`
}
