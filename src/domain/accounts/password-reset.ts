/** Password reset by a mailed link. */
import { passwordChangedMail, resetMail } from '../../mail/templates.ts'
import { insertMail } from '../../store/outbox.ts'
import { enableUser } from '../../store/owner-changes.ts'
import * as resetTokens from '../../store/reset-tokens.ts'
import * as users from '../../store/users.ts'
import type { AccountsDeps } from './account.ts'
import { activate } from './address-proof.ts'
import { cleanEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { withMinimumDuration } from './constant-time.ts'
import { rememberNetwork } from './login-guard.ts'
import { countMail } from './mail-rate.ts'
import { checkNewPassword, type PasswordRule, preparePassword } from './passwords.ts'
import { createToken, hashToken } from './secrets.ts'
import { MS_PER_MINUTE } from '../time.ts'

const RESET_MINUTES = 60

/**
 * Mails a link that sets a new password. @returns the owner's id, for the log
 * @throws {ChatError} `unknown_user`, unless accounts are hidden; `rate_limited`
 */
export async function requestPasswordReset (deps: AccountsDeps, username: string): Promise<number | undefined> {
  await countMail(deps, { username })
  const finding = users.findActiveUserByName(deps.orm, username)
  if (deps.areAccountsHidden) return mailInEvenTime(deps, finding)
  const user = await finding
  if (user === undefined) throw new ChatError('unknown_user')
  await mailLink(deps, user)
  return user.id
}

/**
 * The same by address. Neither the outcome nor its duration reveals whether an account has the address.
 * @returns the owner's id, for the log
 * @throws {ChatError} `invalid_email`, `rate_limited`
 */
export async function requestPasswordResetByEmail (deps: AccountsDeps, address: string): Promise<number | undefined> {
  const email = cleanEmail(address)
  await countMail(deps, { email })
  return mailInEvenTime(deps, users.findUserByEmail(deps.orm, email))
}

async function mailInEvenTime (
  deps: AccountsDeps,
  finding: Promise<users.UserRow | undefined>
): Promise<number | undefined> {
  return withMinimumDuration(
    finding.then(async (user) => {
      if (user !== undefined) await mailLink(deps, user)
      return user?.id
    })
  )
}

async function mailLink (deps: AccountsDeps, user: users.UserRow): Promise<void> {
  const token = createToken('cpr_')
  const secret = { hash: hashToken(token), ttlMs: RESET_MINUTES * MS_PER_MINUTE }
  await deps.orm.transaction(async (tx) => {
    // Registered again since: the link would open an account of another address.
    if ((await users.lockUser(tx, user.id))?.emailKey !== user.emailKey) return
    await resetTokens.setResetToken(tx, user.id, secret.hash, secret.ttlMs)
    await insertMail(
      tx,
      resetMail({
        to: user.email,
        username: user.username,
        link: deps.resetLink(token, user.username),
        minutes: RESET_MINUTES
      }),
      secret
    )
  })
  deps.onMail()
}

/** A request to set a new password. */
export type PasswordReset = {
  token: string
  password: string
  rule: PasswordRule
  /** Network of the client; it becomes familiar to the account. */
  network: string
  /** Username that the link names, if it does; the token must belong to that account. */
  username?: string
  /** The password once more, where the form asks for it. */
  confirmation?: string
}

/**
 * Sets a new password by a mailed token, once, and ends every session of the account. Since the token came by mail, it
 * also verifies the address, and enables an account that was disabled. @returns the owner's id, for the log
 * @throws {ChatError} `passwords_differ`, `weak_password`, `invalid_reset_token`, `overloaded`
 */
export async function resetPassword (
  deps: AccountsDeps,
  { token, password, rule, network, username, confirmation = password }: PasswordReset
): Promise<number> {
  if (preparePassword(password) !== preparePassword(confirmation)) throw new ChatError('passwords_differ')
  checkNewPassword(password, rule)
  const tokenHash = hashToken(token)
  // Looked up before the costly hash, used up after it: a flood of invented tokens must not cost hashes.
  const user = await resetTokens.findUserByResetToken(deps.orm, tokenHash)
  if (user === undefined || (username !== undefined && username.toLowerCase() !== user.usernameKey))
    throw new ChatError('invalid_reset_token')
  const passwordHash = await deps.passwords.hash(password)
  await deps.sessions.revokeAll(user.id, async (tx) => {
    if (!(await resetTokens.consumeResetToken(tx, user.id, tokenHash))) throw new ChatError('invalid_reset_token')
    await users.setPasswordHash(tx, user.id, passwordHash)
    await insertMail(tx, passwordChangedMail({ to: user.email, username: user.username }))
    await activate(tx, user.id)
    await enableUser(tx, user.id)
  })
  deps.onMail()
  await rememberNetwork(deps, user, network)
  return user.id
}
