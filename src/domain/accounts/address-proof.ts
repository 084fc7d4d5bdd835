/** The proof of an account's address: by the code or the link that was mailed to it. */
import { countAddressAttempt, removeAddressChange } from '../../store/address-changes.ts'
import type { Orm } from '../../store/database.ts'
import { numberAccounts } from '../../store/directory.ts'
import * as earlier from '../../store/earlier-registrations.ts'
import { replaceEmail } from '../../store/owner-changes.ts'
import { isUniqueViolation } from '../../store/postgres/failures.ts'
import * as resetTokens from '../../store/reset-tokens.ts'
import * as users from '../../store/users.ts'
import * as verification from '../../store/verification.ts'
import type { AccountsDeps } from './account.ts'
import { withMinimumDuration } from './constant-time.ts'
import { ChatError } from '../errors.ts'
import { hashToken, isCode, isNetwork, type Keys } from './secrets.ts'

const CODE_ATTEMPTS = 5

/** A code that was entered, and the network of the client. */
export type EnteredCode = { username: string, code: string, network: string }

/** A registration that waits for its code; `kept` unless it is the newest one, which is the account itself. */
type Candidate = {
  emailKey: string
  codeHash: string
  networkKey: string | null
  kept?: earlier.EarlierRegistration
}

/**
 * Verifies an address by the code that was mailed to it. Where accounts are hidden, the duration does not reveal
 * whether the username has one. @returns the owner's id, for the log
 * @throws {ChatError} `wrong_code` for any reason; the fifth wrong try invalidates the code
 */
export async function verifyEmail (deps: AccountsDeps, entered: EnteredCode): Promise<number> {
  const trying = tryCode(deps, entered)
  return deps.areAccountsHidden ? withMinimumDuration(trying) : trying
}

async function tryCode (deps: AccountsDeps, entered: EnteredCode): Promise<number> {
  const user = await users.findUserByName(deps.orm, entered.username)
  if (user === undefined) throw new ChatError('wrong_code')
  // The transaction also commits when the code is wrong: the try is counted.
  const isRight = await asWrongCode(deps.orm.transaction((tx) => useCode(deps, tx, user.id, entered)))
  if (!isRight) throw new ChatError('wrong_code', undefined, { userId: user.id })
  return user.id
}

/**
 * Counts a try, and activates the account, or replaces its address, when the code is right. @returns whether it is
 */
async function useCode (
  { keys }: AccountsDeps,
  tx: Orm,
  userId: number,
  { code, network }: EnteredCode
): Promise<boolean> {
  // Tries at the same time wait here, so that they cannot exceed the limit.
  const user = await users.lockUser(tx, userId)
  if (user === undefined) return false
  const tried = [
    await verification.countVerificationAttempt(tx, userId, CODE_ATTEMPTS),
    ...(await earlier.countEarlierAttempts(tx, userId, CODE_ATTEMPTS))
  ]
  const proved = tried.find((one) => one !== undefined && isCode(keys, userId, code, one.codeHash))
  if (proved === undefined) return replaceAddress(keys, tx, user, code)
  const registrations = await listRegistrations(tx, user)
  const own = registrations.find(({ codeHash }) => codeHash === proved.codeHash)
  if (own === undefined) return false
  const fromHere = registrations.filter((one) => isNetwork(keys, one, network))
  // A code proves an address. Others may have registered it, too: they cannot read the code, but the owner of the
  // address may enter the one that was mailed for them. So the registration of that address which was made from the
  // network of the entry is meant; without one, that for which the code was mailed.
  const meant = [own, ...registrations].find((one) => one.emailKey === own.emailKey && fromHere.includes(one)) ?? own
  await activateRegistration(tx, userId, meant)
  return true
}

/** Makes a new address the one of its account when the code is right. @returns whether it is */
async function replaceAddress (keys: Keys, tx: Orm, user: users.UserRow, code: string): Promise<boolean> {
  const change = await countAddressAttempt(tx, user.id, CODE_ATTEMPTS)
  if (change === undefined || !isCode(keys, user.id, code, change.codeHash)) return false
  await users.removeLapsedRegistration(tx, change.email, user.username)
  await replaceEmail(tx, user.id, change.email)
  await removeAddressChange(tx, user.id)
  // Links in mails to the old address must not open the account any more.
  await resetTokens.removeResetToken(tx, user.id)
  await verification.removeVerificationCode(tx, user.id)
  return true
}

/** The registrations of a name that wait for their codes, the newest first: that one is the account itself. */
async function listRegistrations (tx: Orm, user: users.UserRow): Promise<Candidate[]> {
  const code = await verification.findVerificationCode(tx, user.id)
  const others = await earlier.listEarlier(tx, user.id)
  return [
    ...(code === undefined ? [] : [{ ...code, emailKey: user.emailKey }]),
    ...others.map((kept) => ({ ...kept, emailKey: kept.email.toLowerCase(), kept }))
  ]
}

/** Makes a registration the one of its account, which becomes active. The others are void. */
async function activateRegistration (tx: Orm, userId: number, { kept }: Pick<Candidate, 'kept'>): Promise<void> {
  if (kept !== undefined) await users.replaceRegistration(tx, userId, kept)
  await verification.removeVerificationCode(tx, userId)
  await activate(tx, userId)
}

/**
 * Verifies an address by the token of the mailed link, once. @returns the owner's id, for the log
 * @throws {ChatError} `wrong_code`
 */
export async function verifyByLink (deps: AccountsDeps, token: string): Promise<number> {
  const tokenHash = hashToken(token)
  return asWrongCode(
    deps.orm.transaction(async (tx) => {
      const userId =
        (await verification.findUserIdOfLink(tx, tokenHash)) ?? (await earlier.findEarlierOfLink(tx, tokenHash))?.userId
      const user = userId === undefined ? undefined : await users.lockUser(tx, userId)
      if (user === undefined) throw new ChatError('wrong_code')
      // Read again, now that it is locked: another use of the link may have come first.
      const isNewest = await verification.consumeVerificationCode(tx, user.id, tokenHash)
      const kept = isNewest ? undefined : await earlier.findEarlierOfLink(tx, tokenHash)
      if (!isNewest && kept === undefined) throw new ChatError('wrong_code')
      await activateRegistration(tx, user.id, { ...(kept !== undefined && { kept }) })
      return user.id
    })
  )
}

/** The address of an earlier registration may be taken since. @throws {ChatError} `wrong_code` then */
async function asWrongCode<Result> (work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw isUniqueViolation(error) ? new ChatError('wrong_code', undefined, { cause: error }) : error
  }
}

/** Marks the address of an account as verified, and the account as active. Other registrations of its name are void. */
export async function activate (tx: Orm, userId: number): Promise<void> {
  await earlier.removeEarlierOf(tx, userId)
  await users.activateUser(tx, userId)
  await numberAccounts(tx)
}
