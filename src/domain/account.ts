/** An account, as far as anybody outside the domain gets to see it. */
import type { DirectoryEntry } from '../store/directory.ts'

/** An account. `email` and `isEmailVerified` are for its owner alone. */
export type Account = {
  id: number
  username: string
  /** What its owner wants to be called; not unique. */
  name: string
  email: string
  isEmailVerified: boolean
  createdAt: Date
}

/** The account of a row. */
export function toAccount ({ id, username, displayName, email, emailVerifiedAt, createdAt }: DirectoryEntry): Account {
  return { id, username, name: displayName, email, isEmailVerified: emailVerifiedAt !== null, createdAt }
}
