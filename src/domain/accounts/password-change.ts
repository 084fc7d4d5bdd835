/** A new password in the place of the current one, by a user who is logged in. */
import { passwordChangedMail } from '../../mail/templates.ts'
import { insertMail } from '../../store/outbox.ts'
import * as resetTokens from '../../store/reset-tokens.ts'
import * as users from '../../store/users.ts'
import type { AccountsDeps } from './account.ts'
import { ChatError } from '../errors.ts'
import { countGuess, rememberNetwork } from './login-guard.ts'
import { checkNewPassword, type PasswordRule, preparePassword } from './passwords.ts'

/** How often a hash that is renewed during the change is compared anew. */
const ATTEMPTS = 3

/** A change of password. */
export type PasswordChange = {
  userId: number
  current: string
  next: string
  rule: PasswordRule
  /** Network of the client; it becomes familiar to the account. */
  network: string
  /** A session that stays; without it all sessions of the account end. */
  keptSessionId?: string
}

/**
 * Replaces the password of an account and ends its sessions on every replica. A wrong current password counts as a
 * failed login. A mail tells the owner.
 * @throws {ChatError} `weak_password`, `wrong_password`, `password_unchanged`, `rate_limited`, `overloaded`,
 * `unauthenticated` when the account is gone
 */
export async function changePassword (deps: AccountsDeps, change: PasswordChange): Promise<void> {
  const { userId, current, next, rule, network, keptSessionId } = change
  checkNewPassword(next, rule)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await confirmPassword(deps, userId, current, network)
    if (preparePassword(next) === preparePassword(current)) throw new ChatError('password_unchanged')
    const passwordHash = await deps.passwords.hash(next)
    try {
      await deps.sessions.revokeAll(userId, async (tx) => {
        if ((await users.lockUser(tx, userId))?.passwordHash !== user.passwordHash) throw new ReplacedError()
        await resetTokens.removeResetToken(tx, userId)
        await users.setPasswordHash(tx, userId, passwordHash)
        await insertMail(tx, passwordChangedMail({ to: user.email, username: user.username }))
      }, keptSessionId)
    } catch (error) {
      if (error instanceof ReplacedError) continue
      throw error
    }
    deps.onMail()
    await rememberNetwork(deps, user, network)
    return
  }
  throw new ChatError('overloaded')
}

/** The hash was replaced after the password was compared with it. */
class ReplacedError extends Error {}

/**
 * Compares the password of a user who is logged in already.
 * @throws {ChatError} `wrong_password`, `rate_limited`, `overloaded`, `unauthenticated`
 */
export async function confirmPassword (
  deps: AccountsDeps,
  userId: number,
  password: string,
  network: string
): Promise<users.UserRow> {
  const user = await users.findUserById(deps.orm, userId)
  if (user === undefined) throw new ChatError('unauthenticated')
  return countGuess(deps, { username: user.username }, network, async () => {
    if ((await deps.passwords.verify(password, user.passwordHash)) === 'wrong')
      throw new ChatError('wrong_password', undefined, { userId })
    return user
  })
}
