/** Accounts of the EmoteChat dialect, registered as its clients do, and assertions about its answers. */
import type { Test } from 'tap'
import { isSentence } from '../checks/answers.ts'
import type { Cluster } from '../servers/cluster.ts'
import { uniqueName, type Answer } from '../clients/http.ts'
import { at, integerAt, isRecord, textAt } from './json.ts'
import type { Mail } from './outbox.ts'

/** The fields of a registration. */
export type EmoteRegistration = { name: string, email: string, password: string }
/** An account that is logged in. */
export type EmoteAccount = EmoteRegistration & { id: number, username: string, token: string }

/** Valid and unlike any other. */
export function newEmoteRegistration (name = uniqueName('Emma ')): EmoteRegistration {
  return { name, email: `${uniqueName('emma-')}@example.org`, password: uniqueName('pass phrase ') }
}

/** Registers and logs in. */
export async function registerEmote (cluster: Cluster, name?: string): Promise<EmoteAccount> {
  const registration = newEmoteRegistration(name)
  cluster.secrets.add(registration.password)
  const { body } = await succeed(cluster, '/api/auth/register', registration)
  const identity = { id: integerAt(body, 'user', 'id'), username: textAt(body, 'user', 'username') }
  return { ...registration, ...identity, token: await logInEmote(cluster, registration) }
}

/** Opens a session. @returns its token, without the word before it */
export async function logInEmote (
  cluster: Cluster,
  { email, password }: { email: string, password: string }
): Promise<string> {
  const answered = textAt((await succeed(cluster, '/api/auth/login', { email, password })).body, 'token')
  const token = answered.replace(/^Bearer /, '')
  cluster.secrets.add(token)
  return token
}

async function succeed (cluster: Cluster, path: string, request: unknown): Promise<Answer> {
  const answer = await cluster.post(path, request)
  if (answer.status !== 200) throw new Error(`POST ${path} answered ${String(answer.status)}: ${answer.text}`)
  return answer
}

/**
 * What is wrong with an answer that should refuse in this dialect's form with one of these statuses; undefined if
 * nothing.
 */
export function complaintAboutSentence (answer: Answer, ...statuses: number[]): string | undefined {
  const said = `${String(answer.status)} ${answer.headers.get('content-type') ?? ''} ${answer.text.slice(0, 200)}`
  if (!statuses.includes(answer.status)) return `expected ${statuses.join(' or ')}, got ${said}`
  const isForm =
    isRecord(answer.body) && Object.keys(answer.body).join() === 'message' && isSentence(at(answer.body, 'message'))
  return isForm ? undefined : `expected a message and nothing else, got ${said}`
}

/** The answer refuses with this status and one sentence. */
export function expectSentence (
  t: Test,
  answer: Answer,
  status: number,
  title = `it answers ${String(status)} and a sentence`
): void {
  t.equal(complaintAboutSentence(answer, status), undefined, title)
}

/** The link of a mail that proves an address, which has a line of its own. */
export function confirmationLinkIn (mail: Mail): URL {
  const link = /^\s*(https?:\/\/\S+\/user\/verify-email\?\S+)\s*$/m.exec(mail.text)?.[1]
  if (link === undefined) throw new Error(`The mail holds no link: ${mail.text}`)
  return new URL(link)
}
