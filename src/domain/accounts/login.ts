/**
 * Login: the right password opens a session, with a code where the account has a second factor. An outdated hash of the
 * password is renewed.
 */
import * as users from '../../store/users.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { parseEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { countGuess, rememberNetwork } from './login-guard.ts'
import type { Identity } from './rate-keys.ts'
import type { IssuedTokens } from './sessions.ts'
import { checkSecondFactor } from './two-factor.ts'

/** How often a password that is replaced during the login is verified anew. */
const ATTEMPTS = 3

/** A login by username or by address, with the network of the client, and what the client calls itself. */
export type LoginRequest = {
  identity: Identity
  password: string
  /** Of the second factor, where one is on. */
  code?: string | undefined
  network: string
  userAgent?: string | undefined
}

/**
 * Opens a session.
 * @throws {ChatError} `wrong_credentials`, `unverified` and `suspended` (only with the right password, and never where
 * accounts are hidden), `two_factor_required` and `wrong_code` (only with the right password), `rate_limited`,
 * `overloaded`
 */
export async function logIn (
  deps: AccountsDeps,
  { network, ...request }: LoginRequest
): Promise<IssuedTokens & { account: Account }> {
  const identity = canonicalIdentity(request.identity)
  const { user, tokens } = await countGuess(deps, identity, network, () => openSession(deps, { ...request, identity }))
  await rememberNetwork(deps, user, network)
  return { ...tokens, account: toAccount(user) }
}

/** One address has one form, and one rate of attempts, however it is written. */
function canonicalIdentity (identity: Identity): Identity {
  return 'email' in identity ? { email: parseEmail(identity.email) ?? identity.email } : identity
}

/** A session exists only for the password that the account has at the moment when the session begins. */
async function openSession (
  deps: AccountsDeps,
  { identity, password, code, userAgent }: Omit<LoginRequest, 'network'>
): Promise<{ user: users.UserRow, tokens: IssuedTokens }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await authenticate(deps, identity, password)
    const { id: userId, username, passwordHash } = user
    const tokens = await deps.sessions.open({ userId, username, passwordHash, userAgent }, async (tx) => {
      await checkSecondFactor(deps, tx, userId, code)
    })
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
