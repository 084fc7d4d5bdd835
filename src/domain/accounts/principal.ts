/** Whoever calls: verifiers make principals of credentials, and everything behind them knows nothing else. */

import type { ChatClaim } from './chat-claim.ts'

/** A user who calls, with an account of ours or of the application. */
export type Principal = {
  userId: number
  username: string
  /** The end of the credential, by the clock of this process. */
  expiresAt: Date
  /** What is revoked: a session, or what {@link tokenCredential} returns. Sockets end with it. */
  credentialId: string
  /** The chats that the credential is narrowed to; undefined for all of the user's. */
  chats?: ChatClaim | undefined
  /** The API key that acts on behalf of the user. */
  keyId?: string
}

/** Whether a credential can take the place of another one: it is of the same user, and narrowed alike. */
export function isRenewalOf (one: Principal, other: Principal): boolean {
  return one.userId === other.userId && one.chats?.text === other.chats?.text
}

/** A token of the application, as far as its revocation matters. */
export type TokenCredential = {
  userId: number
  /** In seconds since 1970; 0 when the token does not say. */
  issuedAt: number
}

/** The id of a key as a credential. */
export function keyCredential (keyId: string): string {
  return `key:${keyId}`
}

/** The id of the tokens of a user that were issued in the same second. */
export function tokenCredential ({ userId, issuedAt }: TokenCredential): string {
  return `token:${String(userId)}:${String(issuedAt)}`
}

/** The reverse; undefined for a session. */
export function parseTokenCredential (credentialId: string): TokenCredential | undefined {
  const [, userId, issuedAt] = /^token:(\d+):(\d+)$/.exec(credentialId) ?? []
  return userId === undefined || issuedAt === undefined
    ? undefined
    : { userId: Number(userId), issuedAt: Number(issuedAt) }
}
