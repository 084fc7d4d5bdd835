/**
 * The second factor of an account: codes of an authenticator app, or recovery codes. Each code is good for once, on all
 * replicas together. Sessions that are open stay open when it is switched on.
 */
import { SealedTexts } from '../../lib/sealed-texts.ts'
import { type TwoFactorChange, twoFactorMail } from '../../mail/templates.ts'
import type { Orm } from '../../store/database.ts'
import { insertMail } from '../../store/outbox.ts'
import * as store from '../../store/two-factors.ts'
import { findUserById } from '../../store/users.ts'
import type { AccountsDeps } from './account.ts'
import { ChatError } from '../errors.ts'
import { countGuess } from './login-guard.ts'
import {
  appUrl, createAppSecret, createRecoveryCodes, isAppCode, normalizeRecoveryCode, stepOfCode
} from './one-time-codes.ts'
import { confirmPassword } from './password-change.ts'
import { hashToken } from './secrets.ts'

const PURPOSE = 'secrets of second factors'

/** Whether the second factor is on, and how many recovery codes are left. */
export type TwoFactorState = { isOn: boolean, recoveryCodesLeft: number }

/** What a user who is logged in sends. `network` is that of the client. */
type OwnRequest = { userId: number, network: string }
/** One that takes both factors: `code` is one of the app, or a recovery code. */
type ConfirmedRequest = OwnRequest & { password: string, code: string }

/** Returns the state of the second factor of an account. */
export async function readTwoFactor ({ orm }: AccountsDeps, userId: number): Promise<TwoFactorState> {
  const { confirmedAt = null, recoveryHashes = [] } = await store.findTwoFactor(orm, userId) ?? {}
  return { isOn: confirmedAt !== null, recoveryCodesLeft: recoveryHashes.length }
}

/**
 * Makes a secret, which is in force when a code of it confirms it; until then another call makes another one.
 * @returns the secret, and the address of it for a QR code
 * @throws {ChatError} `two_factor_on`, `wrong_password`, `rate_limited`, `overloaded`, `unauthenticated`
 */
export async function beginTwoFactor (
  deps: AccountsDeps,
  { userId, password, network }: OwnRequest & { password: string }
): Promise<{ secret: string, url: string }> {
  const { username } = await confirmPassword(deps, userId, password, network)
  const secret = createAppSecret()
  if (!(await store.replaceUnconfirmed(deps.orm, userId, sealedBy(deps).seal(secret, String(userId)))))
    throw new ChatError('two_factor_on')
  return { secret, url: appUrl(secret, { issuer: deps.issuer, username }) }
}

/**
 * Puts the secret in force. A mail tells the owner.
 * @returns the recovery codes, which cannot be had again
 * @throws {ChatError} `two_factor_on`, `unknown_two_factor`, `wrong_code`, `rate_limited`, `unauthenticated`
 */
export async function confirmTwoFactor (
  deps: AccountsDeps,
  { userId, code, network }: OwnRequest & { code: string }
): Promise<string[]> {
  const user = await findUserById(deps.orm, userId)
  if (user === undefined) throw new ChatError('unauthenticated')
  return countGuess(deps, { username: user.username }, network, async () => {
    const stored = await store.findTwoFactor(deps.orm, userId)
    if (stored === undefined) throw new ChatError('unknown_two_factor')
    if (stored.confirmedAt !== null) throw new ChatError('two_factor_on')
    const { step } = stepOf(deps, stored, code) ?? {}
    if (step === undefined) throw new ChatError('wrong_code', undefined, { userId })
    const codes = createRecoveryCodes()
    const recoveryHashes = codes.map(hashOf)
    await deps.orm.transaction(async (tx) => {
      // Another request was faster: the code is used, or is none of the secret that is stored now.
      if (!(await store.confirmTwoFactor(tx, userId, { secret: stored.secret, step, recoveryHashes })))
        throw new ChatError('wrong_code', undefined, { userId })
      await insertMail(tx, twoFactorMail({ to: user.email, username: user.username, change: 'on' }))
    })
    deps.onMail()
    return codes
  })
}

/**
 * Makes other recovery codes; those before are void. A mail tells the owner.
 * @returns the codes, which cannot be had again
 * @throws {ChatError} `unknown_two_factor`, `wrong_password`, `wrong_code`, `rate_limited`, `overloaded`,
 * `unauthenticated`
 */
export async function renewRecoveryCodes (deps: AccountsDeps, request: ConfirmedRequest): Promise<string[]> {
  const codes = createRecoveryCodes()
  await withSecondFactor(deps, request, 'renewed', (tx) =>
    store.replaceRecoveryCodes(tx, request.userId, codes.map(hashOf)))
  return codes
}

/**
 * Switches the second factor off. A mail tells the owner.
 * @throws {ChatError} `unknown_two_factor`, `wrong_password`, `wrong_code`, `rate_limited`, `overloaded`,
 * `unauthenticated`
 */
export async function removeTwoFactor (deps: AccountsDeps, request: ConfirmedRequest): Promise<void> {
  await withSecondFactor(deps, request, 'off', async (tx) => {
    await store.removeTwoFactor(tx, request.userId)
  })
}

/** Changes the second factor of an owner who has both the password and a code, and tells them by mail. */
async function withSecondFactor (
  deps: AccountsDeps,
  { userId, password, code, network }: ConfirmedRequest,
  change: TwoFactorChange,
  act: (tx: Orm) => Promise<void>
): Promise<void> {
  const { username, email } = await confirmPassword(deps, userId, password, network)
  await countGuess(deps, { username }, network, () =>
    deps.orm.transaction(async (tx) => {
      if (!(await checkSecondFactor(deps, tx, userId, code))) throw new ChatError('unknown_two_factor')
      await act(tx)
      await insertMail(tx, twoFactorMail({ to: email, username, change }))
    })
  )
  deps.onMail()
}

/**
 * Uses up the code of an account whose second factor is on.
 * @param tx the transaction of what the code is for: without that the code is not used up
 * @returns whether it is on
 * @throws {ChatError} `two_factor_required`, `wrong_code`
 */
export async function checkSecondFactor (
  deps: AccountsDeps, tx: Orm, userId: number, code: string | undefined
): Promise<boolean> {
  const stored = await store.findTwoFactor(tx, userId)
  if (stored === undefined || stored.confirmedAt === null) return false
  if (code === undefined) throw new ChatError('two_factor_required', undefined, { userId })
  if (!(await spend(deps, tx, stored, code))) throw new ChatError('wrong_code', undefined, { userId })
  return true
}

async function spend (deps: AccountsDeps, tx: Orm, stored: store.TwoFactorRow, code: string): Promise<boolean> {
  const { userId } = stored
  if (!isAppCode(code)) return store.spendRecoveryCode(tx, userId, hashOf(code))
  const used = stepOf(deps, stored, code)
  return used !== undefined && store.spendStep(tx, userId, used)
}

/** The time step of a code, and its secret as it should be stored: encrypted with the first key. */
function stepOf (
  deps: AccountsDeps, { userId, secret: stored, nowMs }: store.TwoFactorRow, code: string
): { step: number, secret: string } | undefined {
  const sealed = sealedBy(deps)
  const opened = sealed.open(stored, String(userId))
  const step = opened && isAppCode(code) ? stepOfCode(opened.text, code, nowMs) : undefined
  if (opened === undefined || step === undefined) return undefined
  return { step, secret: opened.isCurrent ? stored : sealed.seal(opened.text, String(userId)) }
}

function sealedBy ({ keys }: AccountsDeps): SealedTexts {
  return new SealedTexts(keys, PURPOSE)
}

function hashOf (recoveryCode: string): string {
  return hashToken(normalizeRecoveryCode(recoveryCode))
}
