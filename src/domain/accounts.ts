/** Accounts: register, verify, log in, reset a password, subscribe to the newsletter. */
import type { Orm } from '../store/database.ts'
import { isUniqueViolation } from '../store/failures.ts'
import { insertMail, insertSubscriber } from '../store/outbox.ts'
import * as users from '../store/users.ts'
import { passwordChangedMail, resetMail, verificationMail } from '../mail/templates.ts'
import { ChatError } from './errors.ts'
import { checkNewPassword, type PasswordHasher } from './passwords.ts'
import { createCode, createToken, equalHashes, hashCode, hashToken } from './secrets.ts'
import type { IssuedTokens, Sessions } from './sessions.ts'

const CODE_MINUTES = 10
const CODE_ATTEMPTS = 5
const RESET_MINUTES = 60
const MS_PER_MINUTE = 60_000
const MAX_EMAIL_LENGTH = 254

/** What the accounts need from around them. */
export type AccountsDeps = {
  orm: Orm
  passwords: PasswordHasher
  sessions: Sessions
  /** Keys the hashes of codes. */
  secret: string
  /** Link of a reset mail, from its token and username. */
  resetLink: (token: string, username: string) => string
  /** Called after a transaction that left a mail in the outbox. */
  onMail: () => void
  clock: () => Date
}

/** The accounts of this server. */
export type Accounts = ReturnType<typeof createAccounts>

/** Wires the accounts. */
export function createAccounts (deps: AccountsDeps) {
  return {
    register: register.bind(undefined, deps),
    verifyEmail: verifyEmail.bind(undefined, deps),
    logIn: logIn.bind(undefined, deps),
    requestPasswordReset: requestPasswordReset.bind(undefined, deps),
    resetPassword: resetPassword.bind(undefined, deps),
    subscribe: subscribe.bind(undefined, deps)
  }
}

/**
 * Registers an account that waits for its code, and owes it a mail. A registration that was never verified is replaced.
 * @throws {ChatError} `invalid_username`, `invalid_email`, `weak_password`, `account_taken`, `overloaded`
 */
async function register (deps: AccountsDeps, { username, email, password }: { username: string, email: string, password: string }): Promise<void> {
  if (!/^[A-Za-z0-9_.-]{3,32}$/.test(username)) throw new ChatError('invalid_username')
  checkEmail(email)
  checkNewPassword(password)
  const passwordHash = await deps.passwords.hash(password)
  const code = createCode()
  const now = deps.clock()
  try {
    await deps.orm.transaction(async (tx) => {
      await users.removeLapsedRegistration(tx, email, username, now)
      const user = await users.upsertPendingUser(tx, { username, displayName: username, email, passwordHash, activatedAt: null })
      if (user === undefined) throw new ChatError('account_taken')
      await users.setVerificationCode(tx, user.id, hashCode(deps.secret, user.id, code), minutesAfter(now, CODE_MINUTES))
      await insertMail(tx, verificationMail({ to: email, username, code, minutes: CODE_MINUTES }))
    })
  } catch (error) {
    throw isUniqueViolation(error) ? new ChatError('account_taken', undefined, { cause: error }) : error
  }
  deps.onMail()
}

/**
 * Proves an address by the code that was mailed to it.
 * @throws {ChatError} `wrong_code` for any reason, the fifth wrong try included: it kills the code
 */
async function verifyEmail (deps: AccountsDeps, { username, code }: { username: string, code: string }): Promise<void> {
  const user = await users.findUserByName(deps.orm, username)
  if (user === undefined) throw new ChatError('wrong_code')
  // Counted before it is compared, so that tries in parallel cannot outrun the bound.
  const expected = await users.countVerificationAttempt(deps.orm, user.id, CODE_ATTEMPTS, deps.clock())
  if (expected === undefined || !equalHashes(expected, hashCode(deps.secret, user.id, code))) throw new ChatError('wrong_code')
  await deps.orm.transaction(async (tx) => {
    if (!await users.consumeVerificationCode(tx, user.id, expected)) throw new ChatError('wrong_code')
    await users.activateUser(tx, user.id, deps.clock())
  })
}

/**
 * Opens a session.
 * @throws {ChatError} `wrong_credentials`, `unverified` (only with the right password), `overloaded`
 */
async function logIn (deps: AccountsDeps, { username, password }: { username: string, password: string }): Promise<IssuedTokens> {
  const user = await users.findUserByName(deps.orm, username)
  if (!await deps.passwords.matches(password, user?.passwordHash) || user === undefined) throw new ChatError('wrong_credentials')
  if (user.activatedAt === null) throw new ChatError('unverified')
  return deps.sessions.open({ userId: user.id, username: user.username })
}

/** Mails a link that lets its owner set a new password. @throws {ChatError} `unknown_user` */
async function requestPasswordReset (deps: AccountsDeps, username: string): Promise<void> {
  const user = await users.findActiveUserByName(deps.orm, username)
  if (user === undefined) throw new ChatError('unknown_user')
  const token = createToken('cpr_')
  await deps.orm.transaction(async (tx) => {
    await users.setResetToken(tx, user.id, hashToken(token), minutesAfter(deps.clock(), RESET_MINUTES))
    await insertMail(tx, resetMail({ to: user.email, username: user.username, link: deps.resetLink(token, user.username), minutes: RESET_MINUTES }))
  })
  deps.onMail()
}

/**
 * Sets a new password by a mailed token, once, and ends every session of the account.
 * @throws {ChatError} `passwords_differ`, `weak_password`, `invalid_reset_token`, `overloaded`
 */
async function resetPassword (deps: AccountsDeps, request: { username: string, token: string, password: string, confirmation: string }): Promise<void> {
  if (request.password !== request.confirmation) throw new ChatError('passwords_differ')
  checkNewPassword(request.password)
  const user = await users.findActiveUserByName(deps.orm, request.username)
  const tokenHash = hashToken(request.token)
  // Looked at before the costly hash, used up after it: a flood of made-up tokens must cost nothing.
  if (user === undefined || !await users.isResetTokenValid(deps.orm, user.id, tokenHash, deps.clock())) throw new ChatError('invalid_reset_token')
  const passwordHash = await deps.passwords.hash(request.password)
  await deps.sessions.revokeAll(user.id, async (tx) => {
    if (!await users.consumeResetToken(tx, user.id, tokenHash, deps.clock())) throw new ChatError('invalid_reset_token')
    await users.setPasswordHash(tx, user.id, passwordHash)
    await insertMail(tx, passwordChangedMail({ to: user.email, username: user.username }))
  })
  deps.onMail()
}

/** Adds an address to the newsletter, once. @throws {ChatError} `invalid_email` */
async function subscribe (deps: AccountsDeps, email: string): Promise<void> {
  checkEmail(email)
  await insertSubscriber(deps.orm, email)
}

/** Plain addresses only: no quoted local parts, no groups, no comments, which mail software reads in different ways. */
function checkEmail (email: string): void {
  const isValid = email.length <= MAX_EMAIL_LENGTH &&
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$/.test(email)
  if (!isValid) throw new ChatError('invalid_email')
}

function minutesAfter (moment: Date, minutes: number): Date {
  return new Date(moment.getTime() + minutes * MS_PER_MINUTE)
}
