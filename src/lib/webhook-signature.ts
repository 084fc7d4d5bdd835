/** Signatures of Standard Webhooks 1.0.0. The client library has its own, which verifies them. */
import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'
const VERSION = 'v1'
const SECRET_BYTES = 24
const MS_PER_S = 1_000

/** A new secret of a webhook: 192 random bits. */
export function createWebhookSecret (): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64')
}

/**
 * The headers of a webhook.
 * @param secrets `whsec_…`; with several the receiver may verify by any of them
 * @param id the same one in every attempt to deliver it
 */
export function webhookHeaders (
  secrets: readonly string[], { id, body, at = new Date() }: { id: string, body: string, at?: Date }
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / MS_PER_S))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `${VERSION},${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Confab',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' ')
  }
}
