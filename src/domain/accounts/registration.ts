/** Registration: a new account, and the verification of its address by a mailed code or link. */
import { accountTakenMail, confirmationMail, verificationMail } from '../../mail/templates.ts'
import type { Orm } from '../../store/database.ts'
import { numberAccounts } from '../../store/directory.ts'
import { isUniqueViolation } from '../../store/postgres/failures.ts'
import { insertMail } from '../../store/outbox.ts'
import * as resetTokens from '../../store/reset-tokens.ts'
import * as users from '../../store/users.ts'
import * as verification from '../../store/verification.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { checkEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { withMinimumDuration } from './constant-time.ts'
import { countMail } from './mail-rate.ts'
import { checkUsername, cleanName, usernameFor } from './names.ts'
import { checkNewPassword } from './passwords.ts'
import { createCode, createToken, equalHashes, hashCode, hashToken } from './secrets.ts'
import { MS_PER_MINUTE } from '../time.ts'

const CODE_MINUTES = 10
const CODE_ATTEMPTS = 5
const LINK_MINUTES = 1_440
/** A username that is still taken with this many digits appended would be a bug. */
const USERNAME_ATTEMPTS = 10

/**
 * Registers an account that waits for its code, and puts a mail into the outbox. It replaces a registration that was
 * never verified.
 * @returns its id; undefined where accounts are hidden and the username or the address is taken: a mail says so
 * @throws {ChatError} `invalid_username`, `invalid_email`, `weak_password`, `account_taken`, `rate_limited`,
 * `overloaded`
 */
export async function register (
  deps: AccountsDeps,
  { username, email, password }: { username: string, email: string, password: string }
): Promise<number | undefined> {
  checkUsername(username)
  checkEmail(email)
  checkNewPassword(password)
  await countMail(deps, { email })
  const passwordHash = await deps.passwords.hash(password)
  return hideTakenAccount(
    deps,
    email,
    insertPending(deps, { username, displayName: username, email, passwordHash, isActive: false })
  )
}

async function insertPending (deps: AccountsDeps, pending: users.NewUser): Promise<number> {
  const { username, email } = pending
  const code = createCode()
  const userId = await asAccountTaken(
    deps.orm.transaction(async (tx) => {
      await users.removeLapsedRegistration(tx, email, username)
      const user = await users.upsertPendingUser(tx, pending)
      if (user === undefined) throw new ChatError('account_taken')
      // A link that was mailed for the replaced registration must not open the new account.
      await resetTokens.removeResetToken(tx, user.id)
      const codeHash = hashCode(deps.secret, user.id, code)
      await verification.setVerificationCode(tx, user.id, codeHash, CODE_MINUTES * MS_PER_MINUTE)
      await insertMail(tx, verificationMail({ to: email, username, code, minutes: CODE_MINUTES }))
      return user.id
    })
  )
  deps.onMail()
  return userId
}

/**
 * Where accounts are hidden, only a mail to the address reveals that a username or an address is taken, and the answer
 * takes as long as for a free one.
 */
async function hideTakenAccount<Result> (
  deps: AccountsDeps,
  email: string,
  registering: Promise<Result>
): Promise<Result | undefined> {
  if (!deps.areAccountsHidden) return registering
  return withMinimumDuration(
    registering.catch(async (error: unknown) => {
      if (!(error instanceof ChatError && error.code === 'account_taken')) throw error
      await insertMail(deps.orm, accountTakenMail({ to: email }))
      deps.onMail()
      return undefined
    })
  )
}

/**
 * Registers an account by display name, with a username derived from it, and puts a mail with a verification link into
 * the outbox. It may log in at once, unless addresses have to be verified first.
 * @returns undefined where accounts are hidden and the address is taken: a mail says so
 * @throws {ChatError} `invalid_name`, `invalid_email`, `weak_password`, `account_taken`, `rate_limited`, `overloaded`
 */
export async function registerByName (
  deps: AccountsDeps,
  request: { name: string, email: string, password: string }
): Promise<Account | undefined> {
  const name = cleanName(request.name)
  const { email, password } = request
  checkEmail(email)
  checkNewPassword(password, 'long')
  await countMail(deps, { email })
  const passwordHash = await deps.passwords.hash(password)
  return hideTakenAccount(deps, email, insertUnderFreeName(deps, { displayName: name, email, passwordHash }))
}

async function insertUnderFreeName (
  deps: AccountsDeps,
  user: Omit<users.NewUser, 'username' | 'isActive'>
): Promise<Account> {
  for (let attempt = 0; attempt < USERNAME_ATTEMPTS; attempt++) {
    const username = usernameFor(user.displayName, attempt)
    const row = await asAccountTaken(deps.orm.transaction((tx) => insertNamed(deps, tx, { ...user, username })))
    if (row === undefined) continue
    deps.onMail()
    return toAccount(row)
  }
  throw new ChatError('overloaded')
}

async function insertNamed (
  deps: AccountsDeps,
  tx: Orm,
  user: Omit<users.NewUser, 'isActive'>
): Promise<users.UserRow | undefined> {
  await users.removeLapsedRegistration(tx, user.email, '')
  const row = await users.insertUser(tx, { ...user, isActive: !deps.isVerificationRequired })
  if (row === undefined) return undefined
  const token = createToken('cev_')
  await verification.setVerificationCode(tx, row.id, hashToken(token), LINK_MINUTES * MS_PER_MINUTE)
  await insertMail(
    tx,
    confirmationMail({
      to: row.email,
      username: row.username,
      link: deps.verificationLink(token),
      minutes: LINK_MINUTES
    })
  )
  if (row.activatedAt !== null) await numberAccounts(tx)
  return row
}

/** Translates the violation of a unique constraint. @throws {ChatError} `account_taken` */
export async function asAccountTaken<Result> (registering: Promise<Result>): Promise<Result> {
  try {
    return await registering
  } catch (error) {
    throw isUniqueViolation(error) ? new ChatError('account_taken', undefined, { cause: error }) : error
  }
}

/**
 * Verifies an address by the code that was mailed to it. @returns the owner's id, for the log
 * @throws {ChatError} `wrong_code` for any reason; the fifth wrong try invalidates the code
 */
export async function verifyEmail (
  deps: AccountsDeps,
  { username, code }: { username: string, code: string }
): Promise<number> {
  const user = await users.findUserByName(deps.orm, username)
  if (user === undefined) throw new ChatError('wrong_code')
  // Counted before it is compared, so that parallel tries cannot exceed the limit.
  const expected = await verification.countVerificationAttempt(deps.orm, user.id, CODE_ATTEMPTS)
  if (expected === undefined || !equalHashes(expected, hashCode(deps.secret, user.id, code)))
    throw new ChatError('wrong_code', undefined, { userId: user.id })
  await deps.orm.transaction(async (tx) => {
    if (!(await verification.consumeVerificationCode(tx, user.id, expected))) throw new ChatError('wrong_code')
    await activate(tx, user.id)
  })
  return user.id
}

/**
 * Verifies an address by the token of the mailed link, once. @returns the owner's id, for the log
 * @throws {ChatError} `wrong_code`
 */
export async function verifyByLink (deps: AccountsDeps, token: string): Promise<number> {
  return deps.orm.transaction(async (tx) => {
    const tokenHash = hashToken(token)
    const userId = await verification.findUserIdOfLink(tx, tokenHash)
    if (userId === undefined || !(await verification.consumeVerificationCode(tx, userId, tokenHash)))
      throw new ChatError('wrong_code')
    await activate(tx, userId)
    return userId
  })
}

/** Marks an address as verified and the account as active. */
export async function activate (tx: Orm, userId: number): Promise<void> {
  await users.activateUser(tx, userId)
  await numberAccounts(tx)
}
