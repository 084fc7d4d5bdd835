/** The end of the use of an account by its owner: for a while, or for good. */
import { accountDeletedMail, accountDisabledMail } from '../../mail/templates.ts'
import { removeAddressChange } from '../../store/address-changes.ts'
import type { Orm } from '../../store/database.ts'
import { removeAnswersAbout } from '../../store/idempotency-keys.ts'
import { insertMail } from '../../store/outbox.ts'
import { disableUser, enableUser, eraseUser } from '../../store/owner-changes.ts'
import * as resetTokens from '../../store/reset-tokens.ts'
import * as users from '../../store/users.ts'
import type { AccountsDeps } from './account.ts'
import { ChatError } from '../errors.ts'
import { confirmPassword } from './password-change.ts'
import { createToken, hashToken } from './secrets.ts'
import { accountUserId } from './user-id.ts'

/**
 * Disables an account: its sessions end on every replica, and no login succeeds until the link in a mail, or a password
 * reset, enables it. Others keep their chats with it.
 * @throws {ChatError} `unauthenticated` when the account is gone
 */
export async function disableAccount (deps: AccountsDeps, userId: number): Promise<void> {
  const token = createToken('cen_')
  await deps.sessions.revokeAll(userId, async (tx) => {
    const { email, username } = await lockOwner(tx, userId)
    await disableUser(tx, userId, hashToken(token))
    await insertMail(tx, accountDisabledMail({ to: email, username, link: deps.enableLink(token, username) }))
  })
  deps.onMail()
}

/** Enables an account by the token in the mail. @returns the owner's id @throws {ChatError} `invalid_enable_token` */
export async function enableAccount (
  { orm }: AccountsDeps,
  { username, token }: { username: string, token: string }
): Promise<number> {
  const user = await users.findUserByName(orm, username)
  if (user === undefined || !(await enableUser(orm, user.id, hashToken(token))))
    throw new ChatError('invalid_enable_token')
  return user.id
}

/**
 * Deletes an account for good: its sessions end on every replica, its address and its password are erased, and its name
 * is not given out again. Its memberships and the texts of its messages are erased in parts; that may end later.
 * @param also runs in the same transaction
 * @returns number of sessions ended
 * @throws {ChatError} `unauthenticated` when the account is gone
 */
export async function deleteAccount (
  deps: Pick<AccountsDeps, 'sessions' | 'eraser' | 'onMail'>,
  userId: number,
  also?: (tx: Orm) => Promise<void>
): Promise<number> {
  const ended = await deps.sessions.revokeAll(userId, async (tx) => {
    const user = await lockOwner(tx, userId)
    await resetTokens.removeResetToken(tx, userId)
    await removeAddressChange(tx, userId)
    await eraseUser(tx, user)
    await removeAnswersAbout(tx, { userId, id: accountUserId(userId) })
    await insertMail(tx, accountDeletedMail({ to: user.email, username: user.username }))
    await also?.(tx)
  })
  deps.onMail()
  await deps.eraser.erase(userId)
  return ended
}

/**
 * The same, by its owner, who is asked for the password again. A wrong one counts as a failed login.
 * @throws {ChatError} `wrong_password`, `rate_limited`, `overloaded`, `unauthenticated`
 */
export async function deleteOwnAccount (
  deps: AccountsDeps,
  { userId, password, network }: { userId: number, password: string, network: string }
): Promise<void> {
  await confirmPassword(deps, userId, password, network)
  await deleteAccount(deps, userId)
}

/** @throws {ChatError} `unauthenticated` */
async function lockOwner (tx: Orm, userId: number): Promise<users.UserRow> {
  const user = await users.lockUser(tx, userId)
  if (user === undefined || user.deletedAt !== null) throw new ChatError('unauthenticated')
  return user
}
