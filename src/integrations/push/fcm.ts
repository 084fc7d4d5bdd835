/** Firebase Cloud Messaging by its HTTP API v1. */
import { createPrivateKey } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import {
  type MessageContent, type Push, type PushContent, type PushResult, type PushService, SEND_TIMEOUT_MS
} from '../../domain/push/push.ts'
import type { Outbound, OutboundResult } from '../../domain/webhooks/outbound.ts'
import { bodyOf, titleOf } from './alert.ts'
import { resultOf } from './result.ts'

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const MS_PER_S = 1_000
const ASSERTION_S = 3_600
/** A token is renewed so long before its end. */
const MARGIN_MS = 300_000
const TTL = '86400s'
const MAX_ANSWER_BYTES = 16_384
const [OK, UNAUTHORIZED, FORBIDDEN] = [200, 401, 403]
/** The app was removed, or has another token. */
const GONE = [404]

const account = Compile(Type.Object({
  project_id: Type.String({ pattern: '^[a-z0-9:.-]+$' }),
  client_email: Type.String(),
  private_key: Type.String(),
  token_uri: Type.String()
}))
/** The key of a service account. */
export type ServiceAccount = Static<ReturnType<typeof account.Type>>

const granted = Compile(Type.Object({ access_token: Type.String(), expires_in: Type.Number() }))

/** A token, or why there is none. */
type Access = { token: string, renewAt: number } | { failure: PushResult }

/** Settings of the service. */
export type FcmOptions = { account: ServiceAccount, url: string, outbound: Outbound }

/** Reads the key of a service account. @throws when it is none */
export function parseServiceAccount (text: string): ServiceAccount {
  const parsed = account.Parse(JSON.parse(text))
  createPrivateKey(parsed.private_key)
  return parsed
}

/** Sends to apps by Firebase. */
export class Fcm implements PushService {
  readonly #options: FcmOptions
  readonly #sign: (claims: object) => string
  /** The present token, or the one that is being fetched. */
  #access: Promise<Access> | undefined

  constructor (options: FcmOptions) {
    this.#options = options
    this.#sign = createSigner({ algorithm: 'RS256', key: options.account.private_key, noTimestamp: true })
  }

  async send ({ to, content, topic }: Push, signal: AbortSignal): Promise<PushResult> {
    if (to.kind !== 'fcm') return { status: 'refused', reason: 'The device has no token of Firebase.' }
    const access = await this.#authorize()
    if ('failure' in access) return access.failure
    return this.#read(await this.#post(access, { message: messageOf(to.token, content, topic) }, signal))
  }

  /** Checks that the key may send, by a message that is not sent. @returns undefined, or why it may not */
  async check (): Promise<string | undefined> {
    const access = await this.#authorize()
    if ('failure' in access) return 'reason' in access.failure ? access.failure.reason : undefined
    const result = await this.#post(access, { validate_only: true, message: { topic: 'confab' } })
    if (result.kind === 'failure') return result.message
    const { status } = result
    if (status === UNAUTHORIZED || status === FORBIDDEN)
      return `The service account may not send messages in its project: status ${String(status)}.`
    return status === OK ? undefined : `The answer of Firebase was ${String(status)}.`
  }

  close (): void {
    this.#access = undefined
  }

  async #post ({ token }: { token: string }, body: object, signal?: AbortSignal): Promise<OutboundResult> {
    const { account: { project_id: project }, url, outbound } = this.#options
    return outbound.post({
      url: `${url}/v1/projects/${project}/messages:send`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      deadlineMs: SEND_TIMEOUT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      ...(signal !== undefined && { signal })
    })
  }

  #read (result: OutboundResult): PushResult {
    const status = result.kind === 'answer' ? result.status : undefined
    if (status === UNAUTHORIZED) {
      this.#access = undefined
      return { status: 'failed', reason: 'Firebase refused the token.' }
    }
    // A device of another project.
    if (status === FORBIDDEN && result.kind === 'answer' && result.body.includes('SENDER_ID_MISMATCH'))
      return { status: 'gone' }
    return resultOf(result, GONE)
  }

  async #authorize (): Promise<Access> {
    const present = this.#access
    const access = await present
    if (access !== undefined && 'token' in access && access.renewAt > Date.now()) return access
    // Of several that need another one the first fetches it.
    if (this.#access === present || this.#access === undefined) this.#access = this.#fetchToken()
    return this.#access
  }

  async #fetchToken (): Promise<Access> {
    const { account: { client_email: issuer, token_uri: url }, outbound } = this.#options
    const now = Math.floor(Date.now() / MS_PER_S)
    const assertion = this.#sign({ iss: issuer, scope: SCOPE, aud: url, iat: now, exp: now + ASSERTION_S })
    const result = await outbound.post({
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
      deadlineMs: SEND_TIMEOUT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES
    })
    if (result.kind !== 'answer' || result.status !== OK) {
      const reason = result.kind === 'answer' ? `Status ${String(result.status)}.` : result.message
      return { failure: { status: 'failed', reason: `Google granted no token: ${reason}` } }
    }
    const token = parseGrant(result.body)
    if (token === undefined) return { failure: { status: 'failed', reason: 'Google granted no token.' } }
    return { token: token.access_token, renewAt: Date.now() + token.expires_in * MS_PER_S - MARGIN_MS }
  }
}

function parseGrant (text: string) {
  try {
    const value: unknown = JSON.parse(text)
    return granted.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}

function messageOf (token: string, content: PushContent, topic: string): object {
  const data = Object.fromEntries(Object.entries(flat(content)).map(([name, value]) => [name, String(value)]))
  const android = { collapse_key: topic, priority: content.type === 'message' ? 'HIGH' : 'NORMAL', ttl: TTL }
  if (content.type === 'read') return { token, data, android }
  const notification = { title: titleOf(content), body: bodyOf(content) }
  return { token, data, notification, android: { ...android, notification: { tag: content.chat } } }
}

/** All values of `data` are texts; those that are null are left out. */
function flat (content: PushContent): object {
  if (content.type === 'read') return content
  const { author, ...rest } = content
  const fields: [keyof MessageContent | 'author_id' | 'author_name', unknown][] = []
  for (const name of Object.keys(rest) as (keyof typeof rest)[]) fields.push([name, rest[name]])
  fields.push(['author_id', author.id], ['author_name', author.name])
  return Object.fromEntries(fields.filter(([, value]) => value !== null))
}
