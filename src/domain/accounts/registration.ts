/** Registration: a new account, and the mail with the code or link that verifies its address. */
import { accountTakenMail, confirmationMail, verificationMail } from '../../mail/templates.ts'
import type { Orm } from '../../store/database.ts'
import { numberAccounts } from '../../store/directory.ts'
import { isUniqueViolation } from '../../store/postgres/failures.ts'
import { rememberInvite } from '../../store/invites.ts'
import * as earlier from '../../store/earlier-registrations.ts'
import { insertMail, type OutboxMail } from '../../store/outbox.ts'
import * as resetTokens from '../../store/reset-tokens.ts'
import * as users from '../../store/users.ts'
import * as verification from '../../store/verification.ts'
import { type Account, type AccountsDeps, toAccount } from './account.ts'
import { cleanEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { withMinimumDuration } from './constant-time.ts'
import { checkInvite, useInvite } from './invites.ts'
import { countMail, noteCode } from './mail-rate.ts'
import { checkUsername, cleanName, usernameFor } from './names.ts'
import { checkNewPassword, type PasswordRule } from './passwords.ts'
import { createCode, createToken, hashCode, hashNetwork, hashToken, isNetwork } from './secrets.ts'
import { MS_PER_MINUTE } from '../time.ts'

/** Lifetime of a code. */
export const CODE_MINUTES = 10
const LINK_MINUTES = 1_440
/** Registrations of one name from other networks that are kept beside the newest one. */
const MAX_EARLIER = 10
/** A username that is still taken with this many digits appended would be a bug. */
const USERNAME_ATTEMPTS = 10

/** Where a registration comes from. */
export type Origin = {
  /** Network of the client. */
  network: string
  /** Needed where registration takes an invite, and ignored where it is open. */
  inviteCode?: string | undefined
}

/** A registration under a name of its user's choice. */
export type NamedRegistration = { username: string, email: string, password: string, rule?: PasswordRule }

/**
 * Registers an account that waits for its code, and puts a mail into the outbox. It replaces a registration from the
 * same network that was never verified; one from another network may be somebody else's, and stays until one of the two
 * is verified by its code.
 * @returns its id; undefined where accounts are hidden and the username or the address is taken: a mail says so
 * @throws {ChatError} `invalid_username`, `invalid_email`, `weak_password`, `registration_closed`, `invalid_invite`,
 * `account_taken`, `rate_limited`, `overloaded`
 */
export async function register (
  deps: AccountsDeps,
  { username, password, rule, network, inviteCode, ...request }: Origin & NamedRegistration
): Promise<number | undefined> {
  checkUsername(username)
  const email = cleanEmail(request.email)
  checkNewPassword(password, rule)
  await checkInvite(deps, inviteCode, username)
  await countMail(deps, { email })
  const passwordHash = await deps.passwords.hash(password)
  await noteCode(deps, username)
  return hideTakenAccount(
    deps,
    email,
    insertPending(deps, { username, displayName: username, email, passwordHash }, { network, inviteCode })
  )
}

async function insertPending (deps: AccountsDeps, pending: users.Registration, origin: Origin): Promise<number> {
  const { username, email } = pending
  const { network, inviteCode } = origin
  const code = createCode()
  const userId = await asAccountTaken(
    deps.orm.transaction(async (tx) => {
      await users.lockNames(tx, pending)
      // Before it is known whether the name is taken, which is nobody's business without a code.
      const inviteId = await useInvite(deps, tx, inviteCode, username)
      await users.removeLapsedRegistration(tx, email, username)
      const user = await users.insertUser(tx, { ...pending, isActive: false })
      const { userId, isRepeated } =
        user === undefined ? await replacePending(deps, tx, pending, network) : { userId: user.id, isRepeated: false }
      if (inviteId !== undefined) await rememberInvite(tx, userId, inviteId)
      const codeHash = hashCode(deps.keys, userId, code)
      const mail = verificationMail({ to: email, username, code, minutes: CODE_MINUTES, isRepeated })
      await insertProof(deps, tx, { userId, codeHash, network, ttlMs: CODE_MINUTES * MS_PER_MINUTE }, mail)
      return userId
    })
  )
  deps.onMail()
  return userId
}

/**
 * @returns the account, and whether another registration of the same address stays
 * @throws {ChatError} `account_taken` when the account is active
 */
async function replacePending (
  { keys }: AccountsDeps,
  tx: Orm,
  pending: users.Registration,
  network: string
): Promise<{ userId: number, isRepeated: boolean }> {
  const former = await users.lockPendingUser(tx, pending.username)
  if (former === undefined) throw new ChatError('account_taken')
  const { id } = former
  const code = await verification.findVerificationCode(tx, id)
  if (code !== undefined && !isNetwork(keys, code, network)) await earlier.keepRegistration(tx, former, code)
  const others = await earlier.listEarlier(tx, id)
  const kept = others.filter((one, index) => index < MAX_EARLIER && !isNetwork(keys, one, network))
  await earlier.removeEarlier(tx, others.filter((one) => !kept.includes(one)).map((one) => one.id))
  // A link that was mailed for the replaced registration must not open the new account.
  await resetTokens.removeResetToken(tx, id)
  await users.replaceRegistration(tx, id, pending)
  const isRepeated = kept.some((one) => one.email.toLowerCase() === pending.email.toLowerCase())
  return { userId: id, isRepeated }
}

/** Stores the code or link that proves an address, and its mail. */
async function insertProof (
  { keys }: AccountsDeps,
  tx: Orm,
  { userId, codeHash, network, ttlMs }: { userId: number, codeHash: string, network: string, ttlMs: number },
  mail: OutboxMail
): Promise<void> {
  const networkKey = hashNetwork(keys, codeHash, network)
  await verification.setVerificationCode(tx, userId, { codeHash, networkKey, ttlMs })
  await insertMail(tx, mail, { hash: codeHash, ttlMs })
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
 * @throws {ChatError} `invalid_name`, `invalid_email`, `weak_password`, `registration_closed`, `invalid_invite`,
 * `account_taken`, `rate_limited`, `overloaded`
 */
export async function registerByName (
  deps: AccountsDeps,
  request: Origin & { name: string, email: string, password: string }
): Promise<Account | undefined> {
  const name = cleanName(request.name)
  const email = cleanEmail(request.email)
  const { password, network, inviteCode } = request
  checkNewPassword(password, 'long')
  await checkInvite(deps, inviteCode, '')
  await countMail(deps, { email })
  const passwordHash = await deps.passwords.hash(password)
  return hideTakenAccount(
    deps,
    email,
    insertUnderFreeName(deps, { displayName: name, email, passwordHash }, { network, inviteCode })
  )
}

async function insertUnderFreeName (
  deps: AccountsDeps,
  user: Omit<users.Registration, 'username'>,
  origin: Origin
): Promise<Account> {
  for (let attempt = 0; attempt < USERNAME_ATTEMPTS; attempt++) {
    const username = usernameFor(user.displayName, attempt)
    const row = await asAccountTaken(
      deps.orm.transaction((tx) => insertNamed(deps, tx, { ...user, username }, origin))
    )
    if (row === undefined) continue
    deps.onMail()
    return toAccount(row)
  }
  throw new ChatError('overloaded')
}

async function insertNamed (
  deps: AccountsDeps,
  tx: Orm,
  user: users.Registration,
  { network, inviteCode }: Origin
): Promise<users.UserRow | undefined> {
  await users.lockNames(tx, user)
  await users.removeLapsedRegistration(tx, user.email, '')
  const row = await users.insertUser(tx, { ...user, isActive: !deps.isVerificationRequired })
  if (row === undefined) return undefined
  const inviteId = await useInvite(deps, tx, inviteCode, row.username)
  if (inviteId !== undefined) await rememberInvite(tx, row.id, inviteId)
  const token = createToken('cev_')
  const proof = { userId: row.id, codeHash: hashToken(token), network, ttlMs: LINK_MINUTES * MS_PER_MINUTE }
  await insertProof(deps, tx, proof, confirmationMail({
    to: row.email,
    username: row.username,
    link: deps.verificationLink(token),
    minutes: LINK_MINUTES
  }))
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
