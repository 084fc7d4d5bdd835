/** Tokens that an application signs for its users, and its keys. */
import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'

const RSA_BITS = 2_048
const LIFE_S = 600
const MS_PER_S = 1_000

/** The shared secrets of the tests. */
export const USER_TOKEN_SECRETS = [
  'the-secret-that-the-application-has', 'the-secret-that-it-had-before-this-one'
] as const

/** A key of the application. */
export type SigningKey = {
  algorithm: 'RS256' | 'ES256' | 'EdDSA'
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  jwk: JsonWebKey
}

/** Makes a key pair. */
export function createSigningKey (
  algorithm: SigningKey['algorithm'], kid: string, rsaBits = RSA_BITS
): SigningKey {
  const { privateKey, publicKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: rsaBits })
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519')
  return { algorithm, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } }
}

/** The current time in seconds. */
export function nowInSeconds (): number {
  return Math.floor(Date.now() / MS_PER_S)
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const complete = (claims: object) => ({ iat: nowInSeconds(), exp: nowInSeconds() + LIFE_S, ...claims })

/** A token by a shared secret. A claim that is undefined is left out. */
export function signWithSecret (claims: object, secret: string = USER_TOKEN_SECRETS[0], header: object = {}): string {
  const content = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(complete(claims))}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

/** A token by a private key. */
export function signWithKey (claims: object, { algorithm, kid, privateKey }: SigningKey): string {
  const content = `${encode({ alg: algorithm, typ: 'JWT', kid })}.${encode(complete(claims))}`
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const signature = sign(hash, Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${content}.${signature.toString('base64url')}`
}
