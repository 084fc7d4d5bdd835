/** Login: the right password opens a session, and an outdated hash of it is renewed. */
import * as users from '../../store/users.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { parseEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { countLogin, rememberNetwork, withdrawLogin } from './login-guard.ts'
import type { Identity } from './rate-keys.ts'
import type { IssuedTokens } from './sessions.ts'

/** How often a password that is replaced during the login is verified anew. */
const ATTEMPTS = 3

/** A login by username or by address, with the network of the client, and what the client calls itself. */
export type LoginRequest = { identity: Identity, password: string, network: string, userAgent?: string | undefined }

/**
 * Opens a session.
 * @throws {ChatError} `wrong_credentials`, `unverified` and `suspended` (only with the right password, and never where
 * accounts are hidden), `rate_limited`, `overloaded`
 */
export async function logIn (
  deps: AccountsDeps,
  { password, network, userAgent, ...request }: LoginRequest
): Promise<IssuedTokens & { account: Account }> {
  const identity = canonicalIdentity(request.identity)
  const attempt = await countLogin(deps, identity, network)
  try {
    const { user, tokens } = await openSession(deps, { identity, password, userAgent })
    await Promise.all([withdrawLogin(deps, attempt), rememberNetwork(deps, user, network)])
    return { ...tokens, account: toAccount(user) }
  } catch (error) {
    const isGuess = error instanceof ChatError && error.code === 'wrong_credentials'
    if (!isGuess) await withdrawLogin(deps, attempt)
    throw error
  }
}

/** One address has one form, and one rate of attempts, however it is written. */
function canonicalIdentity (identity: Identity): Identity {
  return 'email' in identity ? { email: parseEmail(identity.email) ?? identity.email } : identity
}

/** A session exists only for the password that the account has at the moment when the session begins. */
async function openSession (
  deps: AccountsDeps,
  { identity, password, userAgent }: Omit<LoginRequest, 'network'>
): Promise<{ user: users.UserRow, tokens: IssuedTokens }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await authenticate(deps, identity, password)
    const { id: userId, username, passwordHash } = user
    const tokens = await deps.sessions.open({ userId, username, passwordHash, userAgent })
    if (tokens !== undefined) return { user, tokens }
  }
  throw new ChatError('overloaded')
}

async function authenticate (deps: AccountsDeps, identity: Identity, password: string): Promise<users.UserRow> {
  const found = await ('email' in identity
    ? users.findUserByEmail(deps.orm, identity.email)
    : users.findUserByName(deps.orm, identity.username))
  const user = found?.deletedAt === null ? found : undefined
  const match = await deps.passwords.verify(password, user?.passwordHash)
  if (match === 'wrong' || user === undefined)
    throw new ChatError('wrong_credentials', undefined, { userId: user?.id })
  if (user.disabledAt !== null)
    throw new ChatError('wrong_credentials', undefined, { userId: user.id, detail: 'disabled' })
  if (user.activatedAt === null || (deps.isVerificationRequired && user.emailVerifiedAt === null)) {
    throw new ChatError(deps.areAccountsHidden ? 'wrong_credentials' : 'unverified', undefined, { userId: user.id })
  }
  if (user.suspendedAt !== null)
    throw new ChatError(deps.areAccountsHidden ? 'wrong_credentials' : 'suspended', undefined, { userId: user.id })
  return match === 'outdated' ? upgradeHash(deps, user, password) : user
}

async function upgradeHash (deps: AccountsDeps, user: users.UserRow, password: string): Promise<users.UserRow> {
  try {
    const passwordHash = await deps.passwords.hash(password)
    // A password that was changed in the meantime stays.
    await users.replacePasswordHash(deps.orm, user.id, user.passwordHash, passwordHash)
    return { ...user, passwordHash }
  } catch (error) {
    // The old hash stays valid; the next login tries again.
    if (!(error instanceof ChatError && error.code === 'overloaded')) throw error
    return user
  }
}
