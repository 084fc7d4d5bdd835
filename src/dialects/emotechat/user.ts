/** An account as this dialect shows it. */
import type { Account } from '../../domain/account.ts'

/** The account's fields under this dialect's names: its address for nobody but its owner. */
export function encodeUser ({ id, name, username, email, isEmailVerified, createdAt }: Account, readerId: number) {
  return {
    id,
    name,
    username,
    ...(id === readerId && { email, email_verified: isEmailVerified }),
    created_at: createdAt.toISOString()
  }
}
