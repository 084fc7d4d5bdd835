/**
 * Public keys in a JSON Web Key Set (RFC 7517). The algorithm belongs to the key, never to the header of a token
 * (RFC 8725, 3.1); secret keys do not belong into such a set and are left out, like those for encryption.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'

/** Algorithms of tokens that are verified by a public key. */
export type PublicKeyAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A usable key. */
export type PublicKey = { kid: string | undefined, algorithm: PublicKeyAlgorithm, pem: string }

/** Shorter RSA keys are refused (RFC 7518, 3.3). */
const MINIMUM_RSA_BITS = 2_048
/** More keys than any issuer has at a time. */
const MAX_KEYS = 100

const Key = Type.Object({
  kty: Type.String(),
  kid: Type.Optional(Type.String()),
  alg: Type.Optional(Type.String()),
  use: Type.Optional(Type.String()),
  crv: Type.Optional(Type.String())
})
const KeySet = Type.Object({ keys: Type.Array(Type.Unknown(), { maxItems: MAX_KEYS }) })

/** The content is no key set, or has no usable key. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
}

/** Parses a key set. @throws {KeySetError} without a secret in its message */
export function parseKeySet (text: string): PublicKey[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new KeySetError('it is no JSON')
  }
  if (!Value.Check(KeySet, value)) throw new KeySetError('it is no JSON Web Key Set')
  const keys = value.keys.flatMap((key) => toPublicKey(key) ?? [])
  if (keys.length === 0) throw new KeySetError('it has no key for RS256, ES256 or EdDSA')
  return keys
}

function toPublicKey (value: unknown): PublicKey | undefined {
  if (!Value.Check(Key, value)) return undefined
  const algorithm = algorithmOf(value)
  if (algorithm === undefined || (value.use ?? 'sig') !== 'sig' || (value.alg ?? algorithm) !== algorithm)
    return undefined
  try {
    const jwk: JsonWebKey = value
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    if (algorithm === 'RS256' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MINIMUM_RSA_BITS) return undefined
    return { kid: value.kid, algorithm, pem: key.export({ type: 'spki', format: 'pem' }).toString() }
  } catch {
    return undefined
  }
}

function algorithmOf ({ kty, crv }: Static<typeof Key>): PublicKeyAlgorithm | undefined {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  return kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : undefined
}
