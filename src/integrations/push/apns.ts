/** The push service of Apple: HTTP/2, with tokens that a key of the team signs (ES256). */
import { createPrivateKey } from 'node:crypto'
import { type ClientHttp2Session, connect } from 'node:http2'
import { createSigner } from 'fast-jwt'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import {
  type Push, type PushContent, type PushResult, type PushService, SEND_TIMEOUT_MS
} from '../../domain/push/push.ts'
import { bodyOf, titleOf } from './alert.ts'
import { isTemporary } from './result.ts'

const HOSTS = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com'
} as const
const MS_PER_S = 1_000
/** Apple accepts a token for an hour, and not more than one new token in 20 minutes. */
const RENEW_MS = 45 * 60_000
const LIFE_S = 86_400
/** A connection that nobody uses is closed. */
const IDLE_MS = 600_000
const MAX_ANSWER_BYTES = 4_096
const [OK, GONE, FORBIDDEN] = [200, 410, 403]
/** Reasons for which no push will ever reach the device. */
const GONE_REASONS = ['BadDeviceToken', 'DeviceTokenNotForTopic', 'Unregistered', 'ExpiredToken']

/** Reasons for which no device with the topic will get a push by this key. */
const TOPIC_REASONS = ['BadTopic', 'MissingTopic', 'TopicDisallowed']

const refusal = Compile(Type.Object({ reason: Type.String({ pattern: '^\\w{1,64}$' }) }))

/** Settings of the service. */
export type ApnsOptions = {
  /** The key in PEM, its id, and the team that it belongs to. */
  key: string
  keyId: string
  teamId: string
  /** The bundle id for devices that name none. */
  topic: string
  /** In the place of Apple's own. */
  url?: string | undefined
}

type Environment = keyof typeof HOSTS
type Answer = { status: number, reason: string | undefined, retryAfterMs: number | undefined }

/** Sends to devices of Apple. */
export class Apns implements PushService {
  readonly #options: ApnsOptions
  readonly #sign: (claims: object) => string
  readonly #sessions = new Map<string, ClientHttp2Session>()
  #token: { text: string, renewAt: number } | undefined

  /** @throws when the key is none of P-256 */
  constructor (options: ApnsOptions) {
    this.#options = options
    const key = createPrivateKey(options.key)
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('The key is none of P-256.')
    this.#sign = createSigner({
      algorithm: 'ES256', key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), kid: options.keyId
    })
  }

  async send ({ to, content, topic }: Push, signal: AbortSignal): Promise<PushResult> {
    if (to.kind !== 'apns') return { status: 'refused', reason: 'The device has no token of Apple.' }
    const answer = await this.#post(to.environment, `/3/device/${to.token}`, {
      ...headersOf(content, topic), 'apns-topic': to.topic ?? this.#options.topic
    }, JSON.stringify(payloadOf(content)), signal)
    return typeof answer === 'string' ? { status: 'failed', reason: answer } : this.#read(answer)
  }

  /** Checks that the key is accepted, by a push to nobody. @returns undefined, or why it is not */
  async check (): Promise<string | undefined> {
    const signal = AbortSignal.timeout(SEND_TIMEOUT_MS)
    const token = '0'.repeat(64)
    const headers = { 'apns-topic': this.#options.topic, 'apns-push-type': 'background', 'apns-priority': '5' }
    const answer = await this.#post('production', `/3/device/${token}`, headers, '{"aps":{}}', signal)
    if (typeof answer === 'string') return answer
    const { status, reason } = answer
    if (status === FORBIDDEN) return `Apple refused the key: ${reason ?? 'Forbidden'}.`
    return reason !== undefined && TOPIC_REASONS.includes(reason) ? `Apple refused APNS_TOPIC: ${reason}.` : undefined
  }

  close (): void {
    for (const session of this.#sessions.values()) session.destroy()
    this.#sessions.clear()
  }

  #read ({ status, reason, retryAfterMs }: Answer): PushResult {
    if (status === OK) return { status: 'sent' }
    if (status === GONE || (reason !== undefined && GONE_REASONS.includes(reason))) return { status: 'gone' }
    const text = `The answer of Apple was ${String(status)}${reason === undefined ? '' : `, ${reason}`}.`
    if (reason === 'ExpiredProviderToken') {
      this.#token = undefined
      return { status: 'failed', reason: text }
    }
    return isTemporary(status)
      ? { status: 'failed', reason: text, retryAfterMs }
      : { status: 'refused', reason: text }
  }

  #authorization (): string {
    const { teamId: iss } = this.#options
    if (this.#token === undefined || this.#token.renewAt <= Date.now())
      this.#token = { text: this.#sign({ iss }), renewAt: Date.now() + RENEW_MS }
    return `bearer ${this.#token.text}`
  }

  /** One connection for each environment, as Apple asks. */
  #session (origin: string): ClientHttp2Session {
    const known = this.#sessions.get(origin)
    if (known !== undefined && !known.closed && !known.destroyed) return known
    const session = connect(origin)
    const forget = () => {
      if (this.#sessions.get(origin) === session) this.#sessions.delete(origin)
    }
    session.on('error', forget)
    session.on('goaway', () => {
      forget()
      session.close()
    })
    session.on('close', forget)
    session.setTimeout(IDLE_MS, () => session.close())
    // Pushes keep the process alive, the connection alone does not.
    session.unref()
    this.#sessions.set(origin, session)
    return session
  }

  /** @returns the answer, or a sentence why there is none */
  async #post (
    environment: Environment, path: string, headers: Record<string, string>, body: string, signal: AbortSignal
  ): Promise<Answer | string> {
    const session = this.#session(this.#options.url ?? HOSTS[environment])
    return new Promise((resolve) => {
      const fail = (sentence: string) => {
        resolve(sentence)
        stream.close()
      }
      const stream = session.request({
        ':method': 'POST', ':path': path, authorization: this.#authorization(), ...headers
      })
      const timer = setTimeout(() => {
        // The connection may be dead: the next attempt opens another one.
        session.destroy()
        fail('Apple did not answer in time.')
      }, SEND_TIMEOUT_MS)
      const abort = () => fail('The request was given up.')
      signal.addEventListener('abort', abort)
      const answer: Answer = { status: 0, reason: undefined, retryAfterMs: undefined }
      let text = ''
      stream.setEncoding('utf8')
      stream.on('response', (answered) => {
        answer.status = answered[':status'] ?? 0
        const seconds = Number(answered['retry-after'])
        if (Number.isFinite(seconds)) answer.retryAfterMs = seconds * MS_PER_S
      })
      stream.on('data', (chunk: string) => {
        if (text.length < MAX_ANSWER_BYTES) text += chunk
      })
      stream.on('error', () => resolve('The connection to Apple broke.'))
      stream.on('close', () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        resolve(answer.status === 0 ? 'The connection to Apple broke.' : { ...answer, reason: reasonIn(text) })
      })
      stream.end(body)
    })
  }
}

function reasonIn (text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return refusal.Check(value) ? value.reason : undefined
  } catch {
    return undefined
  }
}

function headersOf ({ type }: PushContent, topic: string): Record<string, string> {
  const expiration = String(Math.floor(Date.now() / MS_PER_S) + LIFE_S)
  return type === 'message'
    ? {
        'apns-push-type': 'alert', 'apns-priority': '10', 'apns-expiration': expiration, 'apns-collapse-id': topic
      }
    : { 'apns-push-type': 'background', 'apns-priority': '5', 'apns-expiration': expiration }
}

function payloadOf (content: PushContent): object {
  if (content.type === 'read') return { aps: { 'content-available': 1 }, confab: content }
  const alert = { title: titleOf(content), body: bodyOf(content) }
  return { aps: { alert, sound: 'default', 'thread-id': content.chat, 'mutable-content': 1 }, confab: content }
}
