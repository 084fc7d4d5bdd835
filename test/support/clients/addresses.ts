/** Clients at many addresses, behind a proxy that the server trusts (`TRUST_PROXY=127.0.0.1`). */
import { randomInt } from 'node:crypto'
import type { Test } from 'tap'
import { newRegistration, type Registration } from '../data/accounts.ts'
import { expectRefusal } from '../checks/answers.ts'
import type { Cluster } from '../servers/cluster.ts'
import type { Answer } from './http.ts'
import { codeIn } from '../data/outbox.ts'

/** A password that nobody has. */
export const WRONG = 'Wrong-Pass-1'

/** An address that no other test has. */
export const newAddress = () => `2001:db8:${[1, 2].map(() => randomInt(65_536).toString(16)).join(':')}::1`
/** So many of them. */
export const newAddresses = (count: number) => Array.from({ length: count }, newAddress)
/** Has a proxy that the server trusts say that a request comes from an address. */
export const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

/** An account whose owner has never logged in, registered from an address of its own. */
export async function registerFrom (cluster: Cluster, address: string): Promise<Registration> {
  const registration = newRegistration()
  await cluster.post('/user/register', registration, from(address))
  const code = codeIn(await cluster.outbox.take(registration.email))
  const answer = await cluster.post(
    '/user/verify-email',
    { username: registration.username, email_token: code },
    from(address)
  )
  if (answer.status !== 200) throw new Error(answer.text)
  return registration
}

/** Logs in from an address. */
export const logInFrom = async (
  cluster: Cluster,
  address: string,
  { username, password }: { username: string, password: string }
) => cluster.post('/user/login', { username, password }, from(address))

/** Tries a wrong password from each of these addresses, one after the other, on one replica after the other. */
export async function guess (t: Test, cluster: Cluster, username: string, addresses: string[]): Promise<void> {
  for (const address of addresses)
    expectRefusal(t, await logInFrom(cluster, address, { username, password: WRONG }), 400)
}

/** The answer refuses and says how long for, at the most so many seconds. */
export function expectWait (t: Test, answer: Answer, longestS: number): void {
  expectRefusal(t, answer, 429)
  const retryAfter = Number(answer.headers.get('retry-after'))
  t.ok(
    Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= longestS,
    `Retry-After is ${String(answer.headers.get('retry-after'))}`
  )
}
