/** Another code for an address that waits for one. */
import { verificationMail, newAddressMail } from '../../mail/templates.ts'
import * as addressChanges from '../../store/address-changes.ts'
import type { Orm } from '../../store/database.ts'
import * as earlier from '../../store/earlier-registrations.ts'
import { insertMail } from '../../store/outbox.ts'
import * as users from '../../store/users.ts'
import * as verification from '../../store/verification.ts'
import type { AccountsDeps } from './account.ts'
import { withMinimumDuration } from './constant-time.ts'
import { countCode, countMail } from './mail-rate.ts'
import { CODE_MINUTES } from './registration.ts'
import { createCode, hashCode, hashNetwork, isNetwork } from './secrets.ts'
import { MS_PER_MINUTE } from '../time.ts'

const CODE_TTL_MS = CODE_MINUTES * MS_PER_MINUTE

/**
 * Mails a code that replaces the last one, for a registration or a new address. Neither the outcome nor its duration
 * reveals whether an account has the name, or waits for a code.
 * @returns the owner's id, for the log
 * @throws {ChatError} `rate_limited`, once a minute for each name
 */
export async function resendVerification (
  deps: AccountsDeps,
  { username, network }: { username: string, network: string }
): Promise<number | undefined> {
  await countCode(deps, username)
  await countMail(deps, { username })
  return withMinimumDuration(resend(deps, username, network))
}

async function resend (deps: AccountsDeps, username: string, network: string): Promise<number | undefined> {
  const found = await users.findUserByName(deps.orm, username)
  if (found === undefined) return undefined
  const isMailed = await deps.orm.transaction(async (tx) => {
    const user = await users.lockUser(tx, found.id)
    if (user === undefined || user.deletedAt !== null) return false
    const isVerified = user.activatedAt !== null && user.emailVerifiedAt !== null
    return isVerified ? renewAddressCode(deps, tx, user) : renewRegistrationCode(deps, tx, user, network)
  })
  if (isMailed) deps.onMail()
  return found.id
}

/** Of several registrations of the name, that from the same network is meant, else the newest. */
async function renewRegistrationCode (
  { keys }: AccountsDeps,
  tx: Orm,
  user: users.UserRow,
  network: string
): Promise<boolean> {
  const newest = await verification.findVerificationCode(tx, user.id)
  if (newest === undefined) return false
  const isOwn = isNetwork(keys, newest, network)
  const kept = isOwn ? undefined : (await earlier.listEarlier(tx, user.id)).find((one) => isNetwork(keys, one, network))
  const code = createCode()
  const codeHash = hashCode(keys, user.id, code)
  const networkKey = isOwn || kept !== undefined ? hashNetwork(keys, codeHash, network) : null
  const renewed = { codeHash, networkKey, ttlMs: CODE_TTL_MS }
  if (kept === undefined) await verification.setVerificationCode(tx, user.id, renewed)
  else await earlier.renewEarlierCode(tx, kept.id, renewed)
  const { email, username } = kept ?? user
  const mail = verificationMail({ to: email, username, code, minutes: CODE_MINUTES })
  await insertMail(tx, mail, { hash: codeHash, ttlMs: CODE_TTL_MS })
  return true
}

async function renewAddressCode (deps: AccountsDeps, tx: Orm, user: users.UserRow): Promise<boolean> {
  const change = await addressChanges.findAddressChange(tx, user.id)
  if (change === undefined) return false
  await mailAddressCode(deps, tx, user, change.email)
  return true
}

/** Stores a new address of an account, and mails its code there. */
export async function mailAddressCode (
  { keys }: AccountsDeps,
  tx: Orm,
  { id, username }: Pick<users.UserRow, 'id' | 'username'>,
  email: string
): Promise<void> {
  const code = createCode()
  const codeHash = hashCode(keys, id, code)
  await addressChanges.setAddressChange(tx, id, { email, codeHash, ttlMs: CODE_TTL_MS })
  const mail = newAddressMail({ to: email, username, code, minutes: CODE_MINUTES })
  await insertMail(tx, mail, { hash: codeHash, ttlMs: CODE_TTL_MS })
}
