/** Push services of others: of browsers, of Firebase, and of Apple. They check what they get, as the real ones do. */
import {
  createDecipheriv, createECDH, createPublicKey, generateKeyPairSync, hkdfSync, randomBytes, verify
} from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'
import { at, integerAt, textAt } from '../data/json.ts'
import { eventually } from '../deadline.ts'
import type { Scope } from '../scope.ts'
import { listenOnFreePort } from './http-server.ts'

const TAG_BYTES = 16
const [SALT_BYTES, HEADER_BYTES, KEY_BYTES, NONCE_BYTES, IKM_BYTES] = [16, 21, 16, 12, 32]
const MS_PER_S = 1_000
const DAY_S = 86_400

/** A push that has arrived: for which device, how, and what it tells. */
export type ArrivedPush = {
  device: string
  headers: Record<string, unknown>
  /** The content of Confab. */
  content: unknown
  /** The whole message, where the service sees it. */
  message: unknown
  at: number
}

/** What has arrived at a service, and how it answers. */
class Arrivals {
  url = ''
  readonly pushes: ArrivedPush[] = []
  /** What was wrong with requests. */
  readonly faults: string[] = []
  /** The next answers; those behind them are good. */
  readonly answers: { status: number, headers?: Record<string, string>, body?: string }[] = []

  /** The pushes for a device, each by its type and seq. */
  of (device: string): string[] {
    return this.pushes.filter((push) => push.device === device)
      .map(({ content }) => `${textAt(content, 'type')} ${String(integerAt(content, 'seq'))}`)
  }

  /** The last push for a device. */
  last (device: string): unknown {
    return this.pushes.findLast((push) => push.device === device)?.content
  }

  /** Waits until so many pushes for a device have arrived. */
  async until (device: string, count: number, deadlineMs = 20_000): Promise<boolean> {
    return eventually(async () => this.of(device).length >= count, deadlineMs)
  }
}

/** A subscription as a browser makes it. */
export type Subscription = { endpoint: string, keys: { p256dh: string, auth: string } }

/** The push service of a browser, and the browsers that subscribe to it. */
export class WebPushService extends Arrivals {
  readonly #browsers = new Map<string, { ecdh: ReturnType<typeof createECDH>, auth: Buffer }>()
  #vapidKey = ''

  /** @param vapidKey the key that browsers subscribe to */
  static async start (t: Scope, vapidKey: string): Promise<WebPushService> {
    const service = new WebPushService()
    service.#vapidKey = vapidKey
    const server = createServer((request, response) => {
      void buffer(request).then((body) => {
        const device = (request.url ?? '').slice(1)
        const { status, headers } = service.answers.shift() ?? { status: 201 }
        if (status === 201) service.#receive(device, request.headers, body)
        response.writeHead(status, headers).end()
      }).catch((error: unknown) => {
        service.faults.push(String(error))
        response.writeHead(500).end()
      })
    })
    service.url = await listenOnFreePort(t, server)
    return service
  }

  /** Subscribes a browser. */
  subscribe (device: string): Subscription {
    const ecdh = createECDH('prime256v1')
    ecdh.generateKeys()
    const auth = randomBytes(SALT_BYTES)
    this.#browsers.set(device, { ecdh, auth })
    return {
      endpoint: `${this.url}/${device}`,
      keys: { p256dh: ecdh.getPublicKey('base64url'), auth: auth.toString('base64url') }
    }
  }

  #receive (device: string, headers: Record<string, unknown>, body: Buffer): void {
    const browser = this.#browsers.get(device)
    if (browser === undefined) throw new Error(`Nobody has subscribed as ${device}.`)
    verifyVapid(String(headers['authorization']), this.#vapidKey, this.url)
    const content: unknown = JSON.parse(decrypt(body, browser).toString())
    this.pushes.push({ device, headers, content, message: undefined, at: Date.now() })
  }
}

/** Verifies the header of RFC 8292. @throws when it is not right */
function verifyVapid (header: string, publicKey: string, audience: string): void {
  const [, token = '', key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header) ?? []
  if (key !== publicKey) throw new Error('It is signed by another key.')
  const point = Buffer.from(publicKey, 'base64url').subarray(1)
  const [x, y] = [point.subarray(0, 32).toString('base64url'), point.subarray(32).toString('base64url')]
  const { claims } = verifyToken(token, { kty: 'EC', crv: 'P-256', x, y })
  const remainingS = integerAt(claims, 'exp') - Date.now() / MS_PER_S
  if (textAt(claims, 'aud') !== audience) throw new Error('It is for another service.')
  if (remainingS <= 0 || remainingS > DAY_S) throw new Error('It is valid for too long, or not at all.')
  if (!/^(mailto:|https:)/.test(textAt(claims, 'sub'))) throw new Error('It has no contact.')
}

/** The parts of a token that was signed by ES256. @throws when it was not */
function verifyToken (
  token: string, jwk: { kty: string, crv: string, x: string, y: string }
): { header: unknown, claims: unknown } {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const isSigned = verify(
    'sha256', Buffer.from(`${header}.${claims}`), { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url')
  )
  if (!isSigned) throw new Error('The signature of the token is wrong.')
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(header), claims: read(claims) }
}

/** Decrypts the body of a Web Push as a browser does (RFC 8291, RFC 8188): one record. */
function decrypt (body: Buffer, { ecdh, auth }: { ecdh: ReturnType<typeof createECDH>, auth: Buffer }): Buffer {
  const salt = body.subarray(0, SALT_BYTES)
  const length = body.readUInt8(HEADER_BYTES - 1)
  const server = body.subarray(HEADER_BYTES, HEADER_BYTES + length)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), server])
  const derive = (ikm: Uint8Array, salted: Uint8Array, text: string | Buffer, bytes: number) =>
    Buffer.from(hkdfSync('sha256', ikm, salted, text, bytes))
  const ikm = derive(ecdh.computeSecret(server), auth, info, IKM_BYTES)
  const key = derive(ikm, salt, 'Content-Encoding: aes128gcm\0', KEY_BYTES)
  const nonce = derive(ikm, salt, 'Content-Encoding: nonce\0', NONCE_BYTES)
  const record = body.subarray(HEADER_BYTES + length)
  const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(record.subarray(-TAG_BYTES))
  const padded = Buffer.concat([cipher.update(record.subarray(0, -TAG_BYTES)), cipher.final()])
  const end = padded.lastIndexOf(2)
  return padded.subarray(0, end)
}

/** Firebase, with the service that grants tokens for it. */
export class FcmService extends Arrivals {
  /** JSON of a service account. */
  account = ''
  /** Tokens that were granted. */
  granted = 0

  static async start (t: Scope): Promise<FcmService> {
    const service = new FcmService()
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        if (request.url === '/token') {
          service.#grant(body, publicKey.export({ type: 'spki', format: 'pem' }).toString())
          response.end(JSON.stringify({ access_token: `token-${String(service.granted)}`, expires_in: 3_600 }))
          return
        }
        const { status, headers, body: answer } = service.answers.shift() ?? { status: 200, body: '{}' }
        if (request.headers.authorization !== `Bearer token-${String(service.granted)}`)
          service.faults.push('another token')
        if (request.url !== '/v1/projects/a-project/messages:send') service.faults.push(String(request.url))
        const sent: unknown = JSON.parse(body)
        if (status === 200 && !isTrial(sent)) service.#receive(request.headers, sent)
        response.writeHead(status, headers).end(answer)
      }).catch((error: unknown) => {
        service.faults.push(String(error))
        response.writeHead(500).end()
      })
    })
    service.url = await listenOnFreePort(t, server)
    service.account = JSON.stringify({
      type: 'service_account',
      project_id: 'a-project',
      client_email: 'confab@a-project.iam.gserviceaccount.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      token_uri: `${service.url}/token`
    })
    return service
  }

  #grant (body: string, publicKey: string): void {
    const form = new URLSearchParams(body)
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.')
    const isSigned =
      verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))
    const read: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString())
    if (!isSigned || textAt(read, 'aud') !== `${this.url}/token`) this.faults.push('a wrong assertion')
    if (textAt(read, 'scope') !== 'https://www.googleapis.com/auth/firebase.messaging') this.faults.push('no scope')
    this.granted++
  }

  #receive (headers: Record<string, unknown>, body: unknown): void {
    const message = at(body, 'message')
    const data = at(message, 'data')
    const content = { type: textAt(data, 'type'), chat: textAt(data, 'chat'), seq: Number(textAt(data, 'seq')) }
    this.pushes.push({ device: textAt(message, 'token'), headers, content, message, at: Date.now() })
  }
}

/** Whether Firebase is to check a message without sending it. */
function isTrial (body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'validate_only' in body && body.validate_only === true
}

/** The push service of Apple: HTTP/2, here without TLS. */
export class ApnsService extends Arrivals {
  /** The signing key in PEM. */
  key = ''

  static async start (t: Scope): Promise<ApnsService> {
    const service = new ApnsService()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    service.key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    const server = createHttp2Server()
    const sessions = new Set<{ destroy: () => void }>()
    server.on('session', (session) => sessions.add(session))
    server.on('stream', (stream, headers) => {
      void text(stream).then((body) => {
        const { header, claims } = verifyToken(
          String(headers['authorization']).replace(/^bearer /, ''), { kty: 'EC', crv: 'P-256', x, y }
        )
        if (textAt(header, 'kid') !== 'ABCDE12345' || textAt(claims, 'iss') !== 'TEAM567890')
          service.faults.push('another key or team')
        const { status, headers: more, body: answer } = service.answers.shift() ?? { status: 200 }
        if (status === 200) {
          const device = String(headers[':path']).replace('/3/device/', '')
          const message: unknown = JSON.parse(body)
          service.pushes.push({ device, headers, content: at(message, 'confab'), message, at: Date.now() })
        }
        stream.respond({ ':status': status, ...more })
        stream.end(answer)
      }).catch((error: unknown) => {
        service.faults.push(String(error))
        stream.close()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => {
      for (const session of sessions) session.destroy()
      server.close()
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('The server has no port.')
    service.url = `http://127.0.0.1:${String(address.port)}`
    return service
  }
}
