/** Webhooks of Confab at the backend of the application: Standard Webhooks 1.0.0. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { parseJson } from '../json.ts'
import { ConfabProblem } from '../problem.ts'
import { type ChatEvent, type FeedEvent, withFields } from '../types.ts'

const MS_PER_S = 1_000
/** A webhook that is older or younger may be one that somebody sends again. */
const DEFAULT_TOLERANCE_S = 300
const PREFIX = 'whsec_'
const VERSION = 'v1'

/** What a webhook says. */
export type Webhook = {
  /** The same one in every attempt to deliver it: what you have handled already can be left out. */
  readonly id: string
  readonly type: string
  readonly timestamp: string
  /** The event, of a chat or of the feed of a user. */
  readonly data: ChatEvent | FeedEvent
}

/** Headers of Node.js, or those of `fetch`. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get: (name: string) => string | null }

/** A request as it came. */
export type WebhookRequest = {
  headers: WebhookHeaders
  /** The body as it came, before anything has parsed it: other bytes have another signature. */
  body: string | Uint8Array
}

/** How a webhook is verified. */
export type WebhookOptions = {
  /** How much the clocks may differ, in seconds; by default five minutes. */
  toleranceS?: number
}

const isHeaders = (headers: WebhookHeaders): headers is { get: (name: string) => string | null } =>
  typeof headers['get'] === 'function'
const isPayload = withFields<Omit<Webhook, 'id'>>('type', 'timestamp', 'data')

/**
 * Verifies that a webhook was sent by your server, lately.
 * @param secret that of the webhook, `whsec_…`; or several, while one replaces another
 * @throws {ConfabProblem} `invalid_signature`; `stale_webhook` when it is too old or too young; `unreadable`
 */
export function verifyWebhook (
  secret: string | readonly string[],
  request: WebhookRequest,
  options: WebhookOptions = {}
): Webhook {
  const { id, payload } = verifySigned(secret, request, options)
  if (!isPayload(payload)) throw new ConfabProblem('unreadable', 'The body of the webhook is not as described.')
  return { id, type: payload.type, timestamp: payload.timestamp, data: payload.data }
}

/**
 * The same for a body of any form.
 * @throws {ConfabProblem} `invalid_signature`, `stale_webhook`
 */
export function verifySigned (
  secret: string | readonly string[],
  { headers, body }: WebhookRequest,
  { toleranceS = DEFAULT_TOLERANCE_S }: WebhookOptions
): { id: string, payload: unknown } {
  const [id, timestamp, signatures] =
    [headerOf(headers, 'webhook-id'), headerOf(headers, 'webhook-timestamp'), headerOf(headers, 'webhook-signature')]
  const secrets = typeof secret === 'string' ? [secret] : secret
  const right = secrets.map((one) => Buffer.from(signWebhook(one, { id, timestamp, body })))
  const isRight = signatures.split(' ').map((text) => Buffer.from(text))
    .some((given) => right.some((one) => given.length === one.length && timingSafeEqual(given, one)))
  if (!isRight) throw new ConfabProblem('invalid_signature', 'The webhook was not signed with this secret.')
  if (!(Math.abs(Date.now() / MS_PER_S - Number(timestamp)) <= toleranceS))
    throw new ConfabProblem('stale_webhook', `The time of the webhook is not within ${String(toleranceS)} s of now.`)
  return { id, payload: parseJson(typeof body === 'string' ? body : Buffer.from(body).toString()) }
}

/**
 * Signs a webhook as the server does: for tests of your endpoint.
 * @param secret `whsec_…`
 * @param webhook its id, its time in seconds since 1970, and its body
 * @returns the header `webhook-signature`
 */
export function signWebhook (
  secret: string, { id, timestamp, body }: { id: string, timestamp: string | number, body: string | Uint8Array }
): string {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64')
  if (key.length === 0) throw new ConfabProblem('invalid_input', 'The secret of a webhook is like whsec_….')
  const hmac = createHmac('sha256', key).update(`${id}.${String(timestamp)}.`).update(body)
  return `${VERSION},${hmac.digest('base64')}`
}

function headerOf (headers: WebhookHeaders, name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : headers[name]
  if (typeof value !== 'string' || value === '')
    throw new ConfabProblem('invalid_signature', `The webhook has no header ${name}.`)
  return value
}
