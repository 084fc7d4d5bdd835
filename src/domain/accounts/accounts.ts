/** Accounts: lookup and the newsletter. Registration, login and password reset have files of their own. */
import { listDirectory, type CountedPage, type PageRange } from '../../store/directory.ts'
import { insertSubscriber } from '../../store/outbox.ts'
import * as users from '../../store/users.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { checkEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { logIn } from './login.ts'
import { requestPasswordReset, requestPasswordResetByEmail, resetPassword } from './password-reset.ts'
import { register, registerByName, verifyByLink, verifyEmail } from './registration.ts'

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

/** Returns the account of a session's owner. @throws {ChatError} `unauthenticated` when it no longer exists */
async function find ({ orm }: AccountsDeps, userId: number): Promise<Account> {
  const user = await users.findUserById(orm, userId)
  if (user === undefined) throw new ChatError('unauthenticated')
  return toAccount(user)
}

/** Returns a page of the active accounts, in the order they became active. */
async function list ({ orm }: AccountsDeps, range: PageRange): Promise<CountedPage<Account>> {
  const { items, totalCount } = await listDirectory(orm, range)
  return { items: items.map(toAccount), totalCount }
}

/** Adds an address to the newsletter, once. @throws {ChatError} `invalid_email` */
async function subscribe (deps: AccountsDeps, email: string): Promise<void> {
  checkEmail(email)
  await insertSubscriber(deps.orm, email)
}
