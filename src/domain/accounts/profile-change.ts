/** Another username, or another address, for an account by its owner. */
import { accountTakenMail, addressNoticeMail, renamedMail } from '../../mail/templates.ts'
import { removeAddressChange } from '../../store/address-changes.ts'
import type { Orm } from '../../store/database.ts'
import { insertMail } from '../../store/outbox.ts'
import { renameUser } from '../../store/owner-changes.ts'
import { isUniqueViolation } from '../../store/postgres/failures.ts'
import * as users from '../../store/users.ts'
import type { AccountsDeps } from './account.ts'
import { cleanEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { countMail, noteCode } from './mail-rate.ts'
import { checkUsername } from './names.ts'
import { mailAddressCode } from './verification-resend.ts'

/** The profile that its owner wants. */
export type ProfileChange = { userId: number, username: string, email: string }

/** The profile; `isCodeMailed` says that the address waits for its code, and the former one is in force until then. */
export type ChangedProfile = { username: string, email: string, isCodeMailed: boolean }

/**
 * Renames an account, and begins the change of its address: a code goes to the new one, a notice to the old one, which
 * counts until the code is entered. The address that is in force ends a change that was begun. Another name ends every
 * session, so that nothing is said under the old one, which is free for others.
 * @throws {ChatError} `invalid_username`, `invalid_email`, `profile_taken`, `rate_limited`, `unauthenticated` when the
 * account is gone
 */
export async function changeProfile (deps: AccountsDeps, change: ProfileChange): Promise<ChangedProfile> {
  const { userId, username } = change
  const user = await users.findUserById(deps.orm, userId)
  if (user === undefined || user.deletedAt !== null) throw new ChatError('unauthenticated')
  const email = cleanEmail(change.email)
  const [isNewName, isNewAddress] = [username !== user.username, email.toLowerCase() !== user.emailKey]
  if (isNewName) checkUsername(username)
  if (isNewName || isNewAddress) await countMail(deps, { username: user.username })
  if (isNewAddress) await countMail(deps, { email })
  const work = (tx: Orm) => apply(deps, tx, { userId, username, email })
  try {
    if (isNewName) await deps.sessions.revokeAll(userId, work)
    else await deps.orm.transaction(work)
  } catch (error) {
    throw isUniqueViolation(error) ? new ChatError('profile_taken', undefined, { cause: error, userId }) : error
  }
  if (isNewAddress) await noteCode(deps, username)
  deps.onMail()
  return { username, email, isCodeMailed: isNewAddress }
}

async function apply (deps: AccountsDeps, tx: Orm, { userId, username, email }: ProfileChange): Promise<void> {
  const user = await users.lockUser(tx, userId)
  if (user === undefined || user.deletedAt !== null) throw new ChatError('unauthenticated')
  if (username !== user.username) {
    if (!(await renameUser(tx, user, username))) throw new ChatError('profile_taken', undefined, { userId })
    await insertMail(tx, renamedMail({ to: user.email, username, former: user.username }))
  }
  if (email.toLowerCase() === user.emailKey) {
    await removeAddressChange(tx, userId)
    return
  }
  await users.removeLapsedRegistration(tx, email, username)
  if ((await users.findUserByEmail(tx, email)) === undefined) {
    await mailAddressCode(deps, tx, { id: userId, username }, email)
  } else {
    if (!deps.areAccountsHidden) throw new ChatError('profile_taken', undefined, { userId })
    await insertMail(tx, accountTakenMail({ to: email }))
  }
  await insertMail(tx, addressNoticeMail({ to: user.email, username }))
}
