/** Accounts, made the way a user makes one: with a code from a mail. */
import { type Answer, uniqueName } from '../clients/http.ts'
import { integerAt, textAt } from './json.ts'
import { codeIn, type Outbox } from './outbox.ts'

/** Where accounts are made: a cluster, or anything that is asked like one. */
export type AccountHost = {
  readonly outbox: Outbox
  readonly secrets: Set<string>
  post: (target: string, body: unknown) => Promise<Answer>
}

/** The fields of a registration. */
export type Registration = { username: string, email: string, password: string }
/** An account that is logged in. */
export type Account = Registration & { accessToken: string, refreshToken: string }

/** Valid and unlike any other. */
export function newRegistration (name = uniqueName('user-')): Registration {
  return { username: name, email: `${name}@example.org`, password: uniqueName('Pass-9') }
}

/** Registers, verifies and logs in. */
export async function register (cluster: AccountHost, name?: string): Promise<Account> {
  const registration = await registerPending(cluster, name)
  await verify(cluster, registration)
  return { ...registration, ...(await logIn(cluster, registration)) }
}

/** Registers, and leaves the address unproved. */
export async function registerPending (cluster: AccountHost, name?: string): Promise<Registration> {
  const registration = newRegistration(name)
  cluster.secrets.add(registration.password)
  await succeed(cluster, '/user/register', registration)
  return registration
}

/** Proves the address with the code of the next mail to it. */
export async function verify (cluster: AccountHost, { username, email }: Registration): Promise<void> {
  const code = codeIn(await cluster.outbox.take(email))
  await succeed(cluster, '/user/verify-email', { username, email_token: code })
}

/** Opens a session. */
export async function logIn (
  cluster: AccountHost,
  { username, password }: Registration
): Promise<{ accessToken: string, refreshToken: string }> {
  const body = await succeed(cluster, '/user/login', { username, password })
  const tokens = { accessToken: textAt(body, 'access_token'), refreshToken: textAt(body, 'refresh_token') }
  for (const token of Object.values(tokens)) cluster.secrets.add(token)
  return tokens
}

/** Creates the chat of two accounts. @returns its id */
export async function createChat (cluster: AccountHost, account: Account, other: Account): Promise<number> {
  const body = await succeed(cluster, '/chat/create-chat', {
    session_token: account.accessToken,
    receiver: other.username
  })
  return integerAt(body, 'chatID')
}

/** Two accounts and their chat. */
export async function startChat (cluster: AccountHost): Promise<{ ann: Account, bob: Account, chatID: number }> {
  const [ann, bob] = await Promise.all([register(cluster, uniqueName('Ann-')), register(cluster, uniqueName('Bob-'))])
  return { ann, bob, chatID: await createChat(cluster, ann, bob) }
}

async function succeed (cluster: AccountHost, path: string, request: unknown): Promise<unknown> {
  const answer = await cluster.post(path, request)
  if (answer.status !== 200) throw new Error(`POST ${path} answered ${String(answer.status)}: ${answer.text}`)
  return answer.body
}
