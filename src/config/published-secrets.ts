/**
 * Secrets that stand in this repository, in samples and examples. Every reader can try them on an installation that has
 * copied them, so production refuses them.
 */

/** Parts of the secrets that samples come with. */
const PLACEHOLDER = /for-trying-out|change-?me/i
/** Passwords in the documentation, and in that of the images of Postgres and Redis. */
const PASSWORDS = new Set(['secret', 'password', 'postgres', 'redis', 'confab', 'admin', 'root', 'test'])

/** Whether a secret, such as the key of the access tokens, is known to everybody. */
export function isPublished (secret: string): boolean {
  return PLACEHOLDER.test(secret) || PASSWORDS.has(secret.toLowerCase())
}

/**
 * Whether the password in a URL is known to everybody; false without one.
 * @param url may name several hosts, which is why it is not parsed as a whole
 */
export function hasPublishedPassword (url: string): boolean {
  const [, password = ''] = /^[^/]+:\/\/[^:@/]*:([^@]*)@/.exec(url) ?? []
  return isPublished(decodeURIComponent(password))
}
