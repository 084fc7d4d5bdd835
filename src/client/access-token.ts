/** What a client can read in an access token: whose it is, and how long it lives. */
import { integerOf, textOf } from './json.ts'

/**
 * The claims of a JWT (RFC 7519) as far as they are there: the user, and when the token was issued and ends, in
 * milliseconds since 1970. A token that is no JWT has none, and is left for the server to judge.
 */
export type Claims = { userID: string | undefined, issuedAt: number | undefined, expiresAt: number | undefined }

const MS_PER_S = 1_000

/** Reads the claims of a token. Nothing is verified: that is the server's part. */
export function claimsOf (token: string): Claims {
  const payload = payloadOf(token)
  const [issued, expires] = [integerOf(payload, 'iat'), integerOf(payload, 'exp')]
  return {
    userID: textOf(payload, 'sub'),
    issuedAt: issued === undefined ? undefined : issued * MS_PER_S,
    expiresAt: expires === undefined ? undefined : expires * MS_PER_S
  }
}

function payloadOf (token: string): unknown {
  try {
    return JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return undefined
  }
}
