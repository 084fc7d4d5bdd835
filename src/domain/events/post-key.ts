/** The keys in `messages.post_key`: the client's own, or one that the server makes for a post without. */
import { randomBytes } from 'node:crypto'

/** What stands before a key, so that ours and a client's never meet. */
const CLIENT_KEY = 'c'
const SERVER_KEY = 's'
const SERVER_KEY_BYTES = 8

/** The key of a post that its client has named. */
export function clientKey (clientMessageId: string): string {
  return CLIENT_KEY + clientMessageId
}

/** The name that the client gave the post of a key; undefined for a key of the server. */
export function clientMessageIdOf (postKey: string): string | undefined {
  return postKey.startsWith(CLIENT_KEY) ? postKey.slice(CLIENT_KEY.length) : undefined
}

/** Keys for posts whose author gave none: unique by a random start of this process and a counter. */
export function createServerKeys (): () => string {
  const start = randomBytes(SERVER_KEY_BYTES).toString('base64url')
  let counter = 0
  return () => `${SERVER_KEY}${start}${(counter++).toString(36)}`
}
