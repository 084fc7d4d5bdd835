/** Registration: a new account, and the proof of its address by a mailed code or link. */
import { confirmationMail, verificationMail } from '../mail/templates.ts'
import type { Orm } from '../store/database.ts'
import { numberAccounts } from '../store/directory.ts'
import { isUniqueViolation } from '../store/failures.ts'
import { insertMail } from '../store/outbox.ts'
import * as users from '../store/users.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { checkEmail } from './email-address.ts'
import { ChatError } from './errors.ts'
import { checkUsername, cleanName, usernameFor } from './names.ts'
import { checkNewPassword } from './passwords.ts'
import { createCode, createToken, equalHashes, hashCode, hashToken } from './secrets.ts'
import { minutesAfter } from './time.ts'

const CODE_MINUTES = 10
const CODE_ATTEMPTS = 5
const LINK_MINUTES = 1_440
/** With so many digits at its end a username that is still taken would be a bug. */
const USERNAME_ATTEMPTS = 10

/**
 * Registers an account that waits for its code, and owes it a mail. A registration that was never verified is replaced.
 * @throws {ChatError} `invalid_username`, `invalid_email`, `weak_password`, `account_taken`, `overloaded`
 */
export async function register (deps: AccountsDeps, { username, email, password }: { username: string, email: string, password: string }): Promise<void> {
  checkUsername(username)
  checkEmail(email)
  checkNewPassword(password)
  const passwordHash = await deps.passwords.hash(password)
  const code = createCode()
  const now = deps.clock()
  await withFreeAddress(deps.orm.transaction(async (tx) => {
    await users.removeLapsedRegistration(tx, email, username, now)
    const user = await users.upsertPendingUser(tx, { username, displayName: username, email, passwordHash, activatedAt: null })
    if (user === undefined) throw new ChatError('account_taken')
    // A link that was mailed to the address of before must not open the account of whoever registers now.
    await users.removeResetToken(tx, user.id)
    await users.setVerificationCode(tx, user.id, hashCode(deps.secret, user.id, code), minutesAfter(now, CODE_MINUTES))
    await insertMail(tx, verificationMail({ to: email, username, code, minutes: CODE_MINUTES }))
  }))
  deps.onMail()
}

/**
 * Registers an account under a display name, with a username made from it, and owes it a mail with a link that proves
 * its address. It may be used at once, unless addresses have to be proved first.
 * @throws {ChatError} `invalid_name`, `invalid_email`, `weak_password`, `account_taken`, `overloaded`
 */
export async function registerByName (deps: AccountsDeps, request: { name: string, email: string, password: string }): Promise<Account> {
  const name = cleanName(request.name)
  checkEmail(request.email)
  checkNewPassword(request.password, 'long')
  const passwordHash = await deps.passwords.hash(request.password)
  for (let attempt = 0; attempt < USERNAME_ATTEMPTS; attempt++) {
    const username = usernameFor(name, attempt)
    const row = await withFreeAddress(deps.orm.transaction((tx) => insertNamed(deps, tx, { username, displayName: name, email: request.email, passwordHash })))
    if (row === undefined) continue
    deps.onMail()
    return toAccount(row)
  }
  throw new ChatError('overloaded')
}

async function insertNamed (deps: AccountsDeps, tx: Orm, user: Omit<users.NewUser, 'activatedAt'>): Promise<users.UserRow | undefined> {
  const now = deps.clock()
  await users.removeLapsedRegistration(tx, user.email, '', now)
  const row = await users.insertUser(tx, { ...user, activatedAt: deps.isVerificationRequired ? null : now })
  if (row === undefined) return undefined
  const token = createToken('cev_')
  await users.setVerificationCode(tx, row.id, hashToken(token), minutesAfter(now, LINK_MINUTES))
  await insertMail(tx, confirmationMail({ to: row.email, username: row.username, link: deps.verificationLink(token), minutes: LINK_MINUTES }))
  if (row.activatedAt !== null) await numberAccounts(tx)
  return row
}

/** A second account with the address is told from a fault of ours. */
async function withFreeAddress<Result> (registering: Promise<Result>): Promise<Result> {
  try {
    return await registering
  } catch (error) {
    throw isUniqueViolation(error) ? new ChatError('account_taken', undefined, { cause: error }) : error
  }
}

/**
 * Proves an address by the code that was mailed to it.
 * @throws {ChatError} `wrong_code` for any reason, the fifth wrong try included: it kills the code
 */
export async function verifyEmail (deps: AccountsDeps, { username, code }: { username: string, code: string }): Promise<void> {
  const user = await users.findUserByName(deps.orm, username)
  if (user === undefined) throw new ChatError('wrong_code')
  // Counted before it is compared, so that tries in parallel cannot outrun the bound.
  const expected = await users.countVerificationAttempt(deps.orm, user.id, CODE_ATTEMPTS, deps.clock())
  if (expected === undefined || !equalHashes(expected, hashCode(deps.secret, user.id, code))) throw new ChatError('wrong_code')
  await deps.orm.transaction(async (tx) => {
    if (!await users.consumeVerificationCode(tx, user.id, expected)) throw new ChatError('wrong_code')
    await activate(deps, tx, user.id)
  })
}

/** Proves an address by the token of the link that was mailed to it, once. @throws {ChatError} `wrong_code` */
export async function verifyByLink (deps: AccountsDeps, token: string): Promise<void> {
  await deps.orm.transaction(async (tx) => {
    const userId = await users.consumeVerificationLink(tx, hashToken(token), deps.clock())
    if (userId === undefined) throw new ChatError('wrong_code')
    await activate(deps, tx, userId)
  })
}

/** Marks an address as proved, and the account as one like any other. */
export async function activate (deps: AccountsDeps, tx: Orm, userId: number): Promise<void> {
  await users.activateUser(tx, userId, deps.clock())
  await numberAccounts(tx)
}
