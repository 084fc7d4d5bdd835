/** Accounts with a second factor. */
import type { Answer, CallOptions } from '../clients/http.ts'
import { codeOf } from './one-time-codes.ts'
import { at, listAt, textAt } from './json.ts'

/** Where the account is: a cluster, or anything that is asked like one. */
type Host = { secrets: Set<string>, post: (target: string, body: unknown, options?: CallOptions) => Promise<Answer> }
type Owner = { accessToken: string, password: string }

/** Asks for a secret. */
export async function beginTwoFactor (host: Host, { accessToken, password }: Owner): Promise<string> {
  const { status, body } = await host.post('/v1/me/two-factor', { password }, { bearer: accessToken })
  if (status !== 200) throw new Error(`No secret: ${String(at(body, 'code'))}`)
  const secret = textAt(body, 'secret')
  host.secrets.add(secret)
  return secret
}

/** Confirms a secret. @returns the recovery codes */
export async function confirmTwoFactor (host: Host, { accessToken }: Owner, code: string): Promise<string[]> {
  const { status, body } = await host.post('/v1/me/two-factor:confirm', { code }, { bearer: accessToken })
  if (status !== 200) throw new Error(`Not confirmed: ${String(at(body, 'code'))}`)
  const codes = listAt(body, 'recovery_codes').map(String)
  for (const each of codes) host.secrets.add(each)
  return codes
}

/** Switches the second factor on, by the code of the last time step: the present one and the next are left. */
export async function switchOnTwoFactor (host: Host, owner: Owner): Promise<{ secret: string, codes: string[] }> {
  // Just before the end of a time step the code can be two steps old when it arrives.
  for (let attempt = 0; ; attempt++) {
    const secret = await beginTwoFactor(host, owner)
    try {
      return { secret, codes: await confirmTwoFactor(host, owner, codeOf(secret, -1)) }
    } catch (error) {
      if (attempt > 0) throw error
    }
  }
}
