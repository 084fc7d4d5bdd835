/** Secrets from the samples and the documentation of this repository, which are public. */

/** Part of every secret in the samples. */
const PLACEHOLDER = /for-trying-out|change-?me/i
/** Passwords in our documentation and in that of Postgres and Redis images. */
const PASSWORDS = new Set(['secret', 'password', 'postgres', 'redis', 'confab', 'admin', 'root', 'test'])

/** Whether a secret, such as the key of access tokens, is publicly known. */
export function isPublished (secret: string): boolean {
  return PLACEHOLDER.test(secret) || PASSWORDS.has(secret.toLowerCase())
}

/**
 * Whether the password in a URL is publicly known; false without a password.
 * @param url may name several hosts, which `URL` cannot parse
 */
export function hasPublishedPassword (url: string): boolean {
  const [, password = ''] = /^[^/]+:\/\/[^:@/]*:([^@]*)@/.exec(url) ?? []
  return isPublished(decodeURIComponent(password))
}
