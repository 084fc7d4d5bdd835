/**
 * Web Push (RFC 8030): the content is encrypted for the browser (RFC 8291), so that its push service cannot read it,
 * and the request is signed by the key pair of this installation (VAPID, RFC 8292).
 */
import { createECDH, createPrivateKey } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import ece from 'http_ece'
import { type Push, type PushService, SEND_TIMEOUT_MS } from '../../domain/push/push.ts'
import type { VapidKeys } from '../../domain/push/vapid.ts'
import type { Outbound } from '../../domain/webhooks/outbound.ts'
import { resultOf } from './result.ts'

const CURVE = 'prime256v1'
const COORDINATE_BYTES = 32
const MS_PER_S = 1_000
const HOUR_MS = 3_600_000
/** Services accept tokens of at most 24 hours; a token is used for half of its life. */
const TOKEN_LIFE_MS = 12 * HOUR_MS
/** Services whose tokens are kept: browsers have few, but users may name others. */
const MAX_TOKENS = 500
/** How long a service holds a push for a browser that is away. */
const TTL_S = 86_400
const GONE = [404, 410]

/** Settings of Web Push. */
export type WebPushOptions = {
  keys: VapidKeys
  /** How operators of services reach the operator of this server. */
  subject: string
  outbound: Outbound
}

/** Creates the service for browsers. */
export function createWebPush ({ keys, subject, outbound }: WebPushOptions): PushService {
  const tokens = new Tokens(keys, subject)
  return {
    send: async ({ to, content, topic }: Push, signal) => {
      if (to.kind !== 'web') return { status: 'refused', reason: 'The device is no browser.' }
      const result = await outbound.post({
        url: to.endpoint,
        headers: {
          authorization: `vapid t=${tokens.of(new URL(to.endpoint).origin)}, k=${keys.publicKey}`,
          'content-type': 'application/octet-stream',
          'content-encoding': 'aes128gcm',
          ttl: String(TTL_S),
          topic,
          urgency: content.type === 'message' ? 'high' : 'normal'
        },
        body: encryptContent(JSON.stringify(content), to.keys),
        deadlineMs: SEND_TIMEOUT_MS,
        signal
      })
      return resultOf(result, GONE)
    },
    close: () => undefined
  }
}

/** Encrypts a content for a subscription. */
export function encryptContent (text: string, { p256dh, auth }: { p256dh: string, auth: string }): Buffer {
  const privateKey = createECDH(CURVE)
  privateKey.generateKeys()
  return ece.encrypt(Buffer.from(text), { version: 'aes128gcm', dh: p256dh, authSecret: auth, privateKey })
}

/** The tokens by which services know this installation, one for each. */
class Tokens {
  readonly #sign: (claims: object) => string
  readonly #subject: string
  readonly #known = new Map<string, { token: string, renewAt: number }>()

  constructor (keys: VapidKeys, subject: string) {
    this.#sign = createSigner({ algorithm: 'ES256', key: pemOf(keys), noTimestamp: true })
    this.#subject = subject
  }

  of (origin: string): string {
    const known = this.#known.get(origin)
    if (known !== undefined && known.renewAt > Date.now()) return known.token
    const exp = Math.floor((Date.now() + TOKEN_LIFE_MS) / MS_PER_S)
    const token = this.#sign({ aud: origin, exp, sub: this.#subject })
    this.#known.delete(origin)
    this.#known.set(origin, { token, renewAt: Date.now() + TOKEN_LIFE_MS / 2 })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_TOKENS && oldest !== undefined) this.#known.delete(oldest)
    return token
  }
}

function pemOf ({ publicKey, privateKey: d }: VapidKeys): string {
  // Behind the byte that says that it is not compressed.
  const point = Buffer.from(publicKey, 'base64url').subarray(1)
  const [x, y] = [point.subarray(0, COORDINATE_BYTES), point.subarray(COORDINATE_BYTES)]
  const jwk = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url'), d }
  return createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }).toString()
}
