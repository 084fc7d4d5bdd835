/** The second factor of the account: codes of an authenticator app at each login. */
import type { CallOptions } from '../http.ts'
import { withFields } from '../types.ts'
import { call, type Requester } from './call.ts'

/** Whether a login needs a code, and how many recovery codes have not been used. */
export type TwoFactor = { readonly enabled: boolean, readonly recovery_codes_left: number }

/** The secret for the app: to be typed, and as the URL that a QR code shows. */
export type TwoFactorSecret = { readonly secret: string, readonly url: string }

const isTwoFactor = withFields<TwoFactor>('enabled', 'recovery_codes_left')
const isSecret = withFields<TwoFactorSecret>('secret', 'url')
const isConfirmed = withFields<{ recovery_codes: readonly string[] }>('recovery_codes')

/** Whether the second factor is on. @throws {ConfabProblem} */
export async function readTwoFactor (client: Requester, { signal }: CallOptions = {}): Promise<TwoFactor> {
  return call(client, '/me/two-factor', isTwoFactor, { signal })
}

/**
 * Makes a secret, which is in force once it is confirmed; until then another call makes another one.
 * @throws {ConfabProblem} `wrong_password`, `two_factor_on`
 */
export async function beginTwoFactor (
  client: Requester, { password, signal }: { password: string } & CallOptions
): Promise<TwoFactorSecret> {
  return call(client, '/me/two-factor', isSecret, { method: 'POST', body: { password }, signal })
}

/**
 * Switches the second factor on by a code of the app. @returns the recovery codes, which cannot be had again
 * @throws {ConfabProblem} `wrong_code`, `two_factor_on`
 */
export async function confirmTwoFactor (
  client: Requester, { code, signal }: { code: string } & CallOptions
): Promise<readonly string[]> {
  const body = { code }
  return (await call(client, '/me/two-factor:confirm', isConfirmed, { method: 'POST', body, signal })).recovery_codes
}

/**
 * Makes new recovery codes; those before are void. @param options its `code` is one of the app, or a recovery code
 * @returns the codes, which cannot be had again
 * @throws {ConfabProblem} `wrong_password`, `wrong_code`
 */
export async function renewRecoveryCodes (
  client: Requester, { password, code, signal }: { password: string, code: string } & CallOptions
): Promise<readonly string[]> {
  const options = { method: 'POST', body: { password, code }, signal } as const
  return (await call(client, '/me/two-factor:renew-codes', isConfirmed, options)).recovery_codes
}

/**
 * Switches it off. @param options its `code` is one of the app, or a recovery code
 * @throws {ConfabProblem} `wrong_password`, `wrong_code`
 */
export async function removeTwoFactor (
  client: Requester, { password, code, signal }: { password: string, code: string } & CallOptions
): Promise<void> {
  await client.request('/me/two-factor:remove', { method: 'POST', body: { password, code }, signal })
}
