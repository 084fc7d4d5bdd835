/** Accounts: lookup and the newsletter. Registration, login and password reset have files of their own. */
import { listDirectory, searchDirectory, type CountedPage, type PageRange } from '../../store/directory.ts'
import { insertSubscriber } from '../../store/outbox.ts'
import * as users from '../../store/users.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { deleteAccount, deleteOwnAccount, disableAccount, enableAccount } from './account-end.ts'
import { verifyByLink, verifyEmail } from './address-proof.ts'
import { cleanEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { logIn } from './login.ts'
import { changePassword } from './password-change.ts'
import { requestPasswordReset, requestPasswordResetByEmail, resetPassword } from './password-reset.ts'
import { changeProfile } from './profile-change.ts'
import { register, registerByName } from './registration.ts'
import { beginTwoFactor, confirmTwoFactor, readTwoFactor, removeTwoFactor, renewRecoveryCodes } from './two-factor.ts'
import { resendVerification } from './verification-resend.ts'
import { isStorable } from '../text.ts'

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
    changePassword: changePassword.bind(undefined, deps),
    resendVerification: resendVerification.bind(undefined, deps),
    changeProfile: changeProfile.bind(undefined, deps),
    readTwoFactor: readTwoFactor.bind(undefined, deps),
    beginTwoFactor: beginTwoFactor.bind(undefined, deps),
    confirmTwoFactor: confirmTwoFactor.bind(undefined, deps),
    renewRecoveryCodes: renewRecoveryCodes.bind(undefined, deps),
    removeTwoFactor: removeTwoFactor.bind(undefined, deps),
    disable: disableAccount.bind(undefined, deps),
    enable: enableAccount.bind(undefined, deps),
    remove: deleteAccount.bind(undefined, deps),
    removeOwn: deleteOwnAccount.bind(undefined, deps),
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

/**
 * Returns a page of the active accounts, in the order they became active; with `search` those whose username or
 * display name begins with it.
 * @throws {ChatError} `invalid_input`
 */
async function list ({ orm }: AccountsDeps, range: PageRange, search = ''): Promise<CountedPage<Account>> {
  if (!isStorable(search)) throw new ChatError('invalid_input', 'The text to search for is not valid.')
  const prefix = search.trim()
  const { items, totalCount } = await (
    prefix === '' ? listDirectory(orm, range) : searchDirectory(orm, prefix, range)
  )
  return { items: items.map(toAccount), totalCount }
}

/** Adds an address to the newsletter, once. @throws {ChatError} `invalid_email` */
async function subscribe (deps: AccountsDeps, email: string): Promise<void> {
  await insertSubscriber(deps.orm, cleanEmail(email))
}
