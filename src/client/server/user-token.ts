/** Tokens for users of the application. */
import { createHmac } from 'node:crypto'

const MS_PER_S = 1_000
const DEFAULT_LIFE_S = 3_600

/** Whom a token is for. */
export type TokenUser = {
  id: string
  /** Sets the name of the profile. */
  name?: string
  /** Sets the picture of the profile, a URL. */
  picture?: string
}

/** Options of a token. */
export type TokenOptions = {
  /** How long it is good, in seconds; by default an hour. */
  expiresInS?: number
  /** `USER_TOKEN_ISSUER` of the server, where it is set. */
  issuer?: string
  /** `USER_TOKEN_AUDIENCE` of the server, where it is set. */
  audience?: string
  /** Narrows the token to some chats: `{ 'order-4711': ['read', 'post'] }`. */
  chats?: Readonly<Record<string, readonly ('read' | 'post')[]>>
}

/**
 * Signs a token (HS256) for a user.
 * @param secret `USER_TOKEN_SECRET` of the server
 * @param user the id of the user, or more
 */
export function signUserToken (
  secret: string,
  user: string | TokenUser,
  { expiresInS = DEFAULT_LIFE_S, issuer, audience, chats }: TokenOptions = {}
): string {
  const { id, name, picture } = typeof user === 'string' ? { id: user } : user
  const now = Math.floor(Date.now() / MS_PER_S)
  const claims = { sub: id, name, picture, iat: now, exp: now + expiresInS, iss: issuer, aud: audience, chats }
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

function encode (value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
