/** A new password by a mailed link, for whoever forgot the old one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { passwordChangedMail, resetMail } from '../mail/templates.ts'
import { insertMail } from '../store/outbox.ts'
import * as users from '../store/users.ts'
import type { AccountsDeps } from './account.ts'
import { checkEmail } from './email-address.ts'
import { ChatError } from './errors.ts'
import { checkNewPassword, type PasswordRule } from './passwords.ts'
import { activate } from './registration.ts'
import { createToken, hashToken } from './secrets.ts'
import { minutesAfter } from './time.ts'

const RESET_MINUTES = 60
/** Longer than a mail takes to be written down, so that the time of an answer does not tell whether one was. */
const ANSWER_DELAY_MS = 100

/** Mails a link that lets its owner set a new password. @throws {ChatError} `unknown_user` */
export async function requestPasswordReset (deps: AccountsDeps, username: string): Promise<void> {
  const user = await users.findActiveUserByName(deps.orm, username)
  if (user === undefined) throw new ChatError('unknown_user')
  await mailLink(deps, user)
}

/**
 * The same by address. Nobody learns from it whether an account has the address: neither from the outcome nor from the
 * time it takes. @throws {ChatError} `invalid_email`
 */
export async function requestPasswordResetByEmail (deps: AccountsDeps, email: string): Promise<void> {
  checkEmail(email)
  const mailing = users.findUserByEmail(deps.orm, email).then(async (user) => {
    if (user !== undefined) await mailLink(deps, user)
  })
  await Promise.all([mailing, sleep(ANSWER_DELAY_MS)])
}

async function mailLink (deps: AccountsDeps, user: users.UserRow): Promise<void> {
  const token = createToken('cpr_')
  await deps.orm.transaction(async (tx) => {
    await users.setResetToken(tx, user.id, hashToken(token), minutesAfter(deps.clock(), RESET_MINUTES))
    await insertMail(tx, resetMail({ to: user.email, username: user.username, link: deps.resetLink(token, user.username), minutes: RESET_MINUTES }))
  })
  deps.onMail()
}

/** What a password is reset by. */
export type PasswordReset = {
  token: string
  password: string
  rule: PasswordRule
  /** Where the link names its account, the token must be of that one. */
  username?: string
  /** The password once more, where it is asked for. */
  confirmation?: string
}

/**
 * Sets a new password by a mailed token, once, and ends every session of the account. The token came by mail, so it also
 * proves the address.
 * @throws {ChatError} `passwords_differ`, `weak_password`, `invalid_reset_token`, `overloaded`
 */
export async function resetPassword (deps: AccountsDeps, { token, password, rule, username, confirmation = password }: PasswordReset): Promise<void> {
  if (password !== confirmation) throw new ChatError('passwords_differ')
  checkNewPassword(password, rule)
  const tokenHash = hashToken(token)
  // Looked at before the costly hash, used up after it: a flood of made-up tokens must cost nothing.
  const user = await users.findUserByResetToken(deps.orm, tokenHash, deps.clock())
  if (user === undefined || (username !== undefined && username.toLowerCase() !== user.usernameKey)) throw new ChatError('invalid_reset_token')
  const passwordHash = await deps.passwords.hash(password)
  await deps.sessions.revokeAll(user.id, async (tx) => {
    if (!await users.consumeResetToken(tx, user.id, tokenHash, deps.clock())) throw new ChatError('invalid_reset_token')
    await users.setPasswordHash(tx, user.id, passwordHash)
    await insertMail(tx, passwordChangedMail({ to: user.email, username: user.username }))
    await activate(deps, tx, user.id)
  })
  deps.onMail()
}
