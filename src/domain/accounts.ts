/** Accounts: log in, look up, subscribe to the newsletter. Registration and forgotten passwords have files of their own. */
import { listDirectory, type CountedPage, type PageRange } from '../store/directory.ts'
import { insertSubscriber } from '../store/outbox.ts'
import * as users from '../store/users.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { checkEmail } from './email-address.ts'
import { ChatError } from './errors.ts'
import { requestPasswordReset, requestPasswordResetByEmail, resetPassword } from './password-reset.ts'
import { register, registerByName, verifyByLink, verifyEmail } from './registration.ts'
import type { IssuedTokens } from './sessions.ts'

/** The accounts of this server. */
export type Accounts = ReturnType<typeof createAccounts>

/** Wires the accounts. */
export function createAccounts (deps: AccountsDeps) {
  return {
    register: register.bind(undefined, deps),
    registerByName: registerByName.bind(undefined, deps),
    verifyEmail: verifyEmail.bind(undefined, deps),
    verifyByLink: verifyByLink.bind(undefined, deps),
    logIn: logIn.bind(undefined, deps),
    requestPasswordReset: requestPasswordReset.bind(undefined, deps),
    requestPasswordResetByEmail: requestPasswordResetByEmail.bind(undefined, deps),
    resetPassword: resetPassword.bind(undefined, deps),
    find: find.bind(undefined, deps),
    list: list.bind(undefined, deps),
    subscribe: subscribe.bind(undefined, deps)
  }
}

/** Who wants in: by name or by address. */
export type Credentials = ({ username: string } | { email: string }) & { password: string }

/**
 * Opens a session.
 * @throws {ChatError} `wrong_credentials`, `unverified` (only with the right password), `overloaded`
 */
async function logIn (deps: AccountsDeps, credentials: Credentials): Promise<IssuedTokens & { account: Account }> {
  const user = await ('email' in credentials ? users.findUserByEmail(deps.orm, credentials.email) : users.findUserByName(deps.orm, credentials.username))
  if (!await deps.passwords.matches(credentials.password, user?.passwordHash) || user === undefined) throw new ChatError('wrong_credentials')
  if (user.activatedAt === null || (deps.isVerificationRequired && user.emailVerifiedAt === null)) throw new ChatError('unverified')
  return { ...await deps.sessions.open({ userId: user.id, username: user.username }), account: toAccount(user) }
}

/** The account of a session's owner. @throws {ChatError} `unauthenticated` when it is gone */
async function find ({ orm }: AccountsDeps, userId: number): Promise<Account> {
  const user = await users.findUserById(orm, userId)
  if (user === undefined) throw new ChatError('unauthenticated')
  return toAccount(user)
}

/** A page of the active accounts, in the order they became active. */
async function list ({ orm }: AccountsDeps, range: PageRange): Promise<CountedPage<Account>> {
  const { items, totalCount } = await listDirectory(orm, range)
  return { items: items.map(toAccount), totalCount }
}

/** Adds an address to the newsletter, once. @throws {ChatError} `invalid_email` */
async function subscribe (deps: AccountsDeps, email: string): Promise<void> {
  checkEmail(email)
  await insertSubscriber(deps.orm, email)
}
