/** Forged access tokens. */
import { createHmac } from 'node:crypto'
import { JWT_SECRET } from '../servers/cluster.ts'
import { isRecord } from './json.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The claims of an access token. */
export function claimsOf (token: string): Record<string, unknown> {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  if (!isRecord(claims)) throw new Error('The token holds no claims.')
  return claims
}

/** Signs claims: by default as the server would. */
export function signClaims (
  claims: object,
  { secret = JWT_SECRET, algorithm = 'HS256', hash = 'sha256' } = {}
): string {
  const content = `${encode({ alg: algorithm, typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac(hash, secret).update(content).digest('base64url')}`
}

/** The claims of a token under the algorithm `none`. */
export function withoutSignature (token: string): string {
  return `${encode({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1] ?? ''}.`
}
