/** The public view of an account, and the dependencies of everything about accounts. */
import type { RateLimiter } from '../../rate-limits/rate-limiter.ts'
import type { Orm } from '../../store/database.ts'
import type { DirectoryEntry } from '../../store/directory.ts'
import type { RegistrationPolicy } from './invites.ts'
import type { LoginLimits } from './login-guard.ts'
import type { PasswordHasher } from './passwords.ts'
import type { Keys } from './secrets.ts'
import type { Sessions } from './sessions.ts'

/** An account. `email` and `isEmailVerified` are for its owner alone. */
export type Account = {
  id: number
  username: string
  /** Display name; not unique. */
  name: string
  email: string
  isEmailVerified: boolean
  createdAt: Date
}

/** Converts a row to an account. */
export function toAccount ({ id, username, displayName, email, emailVerifiedAt, createdAt }: DirectoryEntry): Account {
  return { id, username, name: displayName, email, isEmailVerified: emailVerifiedAt !== null, createdAt }
}

/** Removes what deleted accounts have left in chats. */
export type AccountEraser = {
  /** Resolves when the erasure is over, or goes on for long. It does not throw. */
  erase: (userId: number) => Promise<void>
}

/** Dependencies of the accounts. */
export type AccountsDeps = {
  orm: Orm
  passwords: PasswordHasher
  sessions: Sessions
  /** Keys of the hashes of codes. */
  keys: Keys
  /** Who may register. */
  registration: RegistrationPolicy
  /** Whether an address must be verified before the first login. */
  isVerificationRequired: boolean
  /** Builds the link of a reset mail from its token and username. */
  resetLink: (token: string, username: string) => string
  /** Builds the link that verifies an address from its token. */
  verificationLink: (token: string) => string
  /** Builds the link that enables a disabled account from its token and username. */
  enableLink: (token: string, username: string) => string
  /** The name of this server in authenticator apps. */
  issuer: string
  eraser: AccountEraser
  /** Whether no answer may reveal that an account exists. */
  areAccountsHidden: boolean
  rates: RateLimiter
  loginLimits: LoginLimits
  /** Called after a transaction that put a mail into the outbox. */
  onMail: () => void
}
