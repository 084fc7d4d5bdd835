/** An account, as far as anybody outside the domain gets to see it, and what everything about accounts is wired to. */
import type { RateLimiter } from '../../rate-limits/rate-limiter.ts'
import type { Orm } from '../../store/database.ts'
import type { DirectoryEntry } from '../../store/directory.ts'
import type { LoginLimits } from './login-guard.ts'
import type { PasswordHasher } from './passwords.ts'
import type { Sessions } from './sessions.ts'

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

/** What the accounts need from around them. */
export type AccountsDeps = {
  orm: Orm
  passwords: PasswordHasher
  sessions: Sessions
  /** Keys the hashes of codes. */
  secret: string
  /** Whether nobody logs in before their address is proved. */
  isVerificationRequired: boolean
  /** Link of a reset mail, from its token and username. */
  resetLink: (token: string, username: string) => string
  /** Link that proves an address, from its token. */
  verificationLink: (token: string) => string
  /** Whether nobody may learn from an answer that an account exists. */
  areAccountsHidden: boolean
  rates: RateLimiter
  loginLimits: LoginLimits
  /** Called after a transaction that left a mail in the outbox. */
  onMail: () => void
  clock: () => Date
}
