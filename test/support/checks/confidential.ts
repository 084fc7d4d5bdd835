/**
 * What no log may hold: the passwords, tokens and texts that a suite has sent or got, and the codes and
 * tokens of the mails they caused. The clients collect them by itself, so that a test cannot forget to.
 */
import { isRecord } from '../data/json.ts'
import type { Mail } from '../data/outbox.ts'

/** Shorter ones are words that the log may say of itself. */
const MIN_LENGTH = 12
/** So many texts are looked for; a load test has thousands. */
const MAX_COLLECTED = 2_000
const FIELDS = new Set([
  'password',
  'confirm_password',
  'new_password',
  'token',
  'session_token',
  'access_token',
  'refresh_token',
  'email_token',
  'text',
  'message'
])

const collected = new Set<string>()

/** Forgets the texts that were noted so far. */
export function forgetConfidential (): void {
  collected.clear()
}

/** Notes the confidential texts of a value that was sent or received. Sentences of the server are not confidential. */
export function noteConfidential (value: unknown, fields: ReadonlySet<string> = FIELDS): void {
  if (!isRecord(value)) return
  for (const [field, text] of Object.entries(value)) {
    if (fields.has(field) && typeof text === 'string' && text.length >= MIN_LENGTH && collected.size < MAX_COLLECTED)
      collected.add(text)
  }
}

/** The fields of an answer that are confidential: its `message` is a sentence. */
export const TOKEN_FIELDS: ReadonlySet<string> = new Set(['token', 'access_token', 'refresh_token'])

/** Returns the kinds of confidential texts in the log, never the texts: a report is a log, too. */
export function leaksIn (log: readonly string[], secrets: Iterable<string>, mails: readonly Mail[]): string[] {
  const text = log.join('')
  const links = mails.flatMap((mail) => [...mail.text.matchAll(/[?&]token=([\w-]+)/g)].map(([, token = '']) => token))
  const whole = [...secrets, ...collected, ...links].filter(
    (secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1))
  )
  const numbers = new Set(log.flatMap(numbersIn))
  const codes = mails
    .flatMap((mail) => [...mail.text.matchAll(/^\s*(\d{6})\s*$/gm)].map(([, code = '']) => code))
    .filter((code) => numbers.has(code))
  return [...whole, ...codes].map((leak) => `${leak.slice(0, 4)}… of ${String(leak.length)} characters`)
}

/** The numbers of six digits in a line: no parts of ids or fractions, and none of those that every line has. */
function numbersIn (line: string): string[] {
  const said = line.replace(/"(?:time|pid|ms)":\d+/g, '')
  return [...said.matchAll(/(?<![\w.-])\d{6}(?![\w-])/g)].map(([number]) => number)
}
