/** Confab's access tokens, signed by the bench so that thousands of accounts need no login each. */
import { createHmac } from 'node:crypto'

const LIFETIME_SECONDS = 24 * 3600
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function accessToken (secret: string, userID: number, sessionID: string): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { sub: String(userID), sid: sessionID, typ: 'access', iss: 'confab', iat, exp: iat + LIFETIME_SECONDS }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
