/** Claims of an access token that a client uses: its user, and its lifetime. */
import { integerOf, textOf } from '../json.ts'

/**
 * The claims of a JWT (RFC 7519) that are present: the user, and the times of issue and expiry, in milliseconds since
 * 1970. A token that is no JWT has none, and the server decides about it.
 */
export type Claims = { userID: string | undefined, issuedAt: number | undefined, expiresAt: number | undefined }

const MS_PER_S = 1_000

/** Reads the claims of a token. Nothing is verified: the server does that. */
export function claimsOf (token: string): Claims {
  const payload = payloadOf(token)
  const timeOf = (name: string) => {
    const seconds = integerOf(payload, name)
    return seconds === undefined ? undefined : seconds * MS_PER_S
  }
  return { userID: textOf(payload, 'sub'), issuedAt: timeOf('iat'), expiresAt: timeOf('exp') }
}

function payloadOf (token: string): unknown {
  try {
    return JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return undefined
  }
}
