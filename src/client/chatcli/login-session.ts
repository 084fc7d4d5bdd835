/** The sessions of the user's account: one for each login. */
import { fieldOf, textOf } from '../json.ts'

/** A session of the account. Times are ISO 8601 in UTC. */
export type LoginSession = {
  id: string
  createdAt: string
  /** Its last refresh, or its login. */
  lastUsedAt: string
  /** When it ends unless it is refreshed. */
  expiresAt: string
  /** What the client called itself at the login. */
  userAgent: string | undefined
  /** Whether it is the session of this client. */
  isCurrent: boolean
}

/** Reads the list of sessions. */
export function loginSessionsOf (answer: unknown): LoginSession[] {
  const items = fieldOf(answer, 'items')
  return (Array.isArray(items) ? items : []).map((value: unknown) => ({
    id: textOf(value, 'id') ?? '',
    createdAt: textOf(value, 'created_at') ?? '',
    lastUsedAt: textOf(value, 'last_used_at') ?? '',
    expiresAt: textOf(value, 'expires_at') ?? '',
    userAgent: textOf(value, 'user_agent'),
    isCurrent: fieldOf(value, 'current') === true
  }))
}
