/** Assertions about every answer of the ChatCLI dialect. */
import type { Test } from 'tap'
import type { Answer } from '../clients/http.ts'
import { at } from '../data/json.ts'

const MAX_SENTENCE = 300
// Details that belong into the log and not into an answer.
const INTERNALS = /\n|node_modules|\.[jt]s:\d|postgres|pglite|redis|fastify|sql\b|select |insert |unexpected token|ajv/i

/** Whether a text is something to show to a user: one readable sentence without a word on how the server works. */
export function isSentence (text: unknown): boolean {
  return typeof text === 'string' && text.length > 0 && text.length < MAX_SENTENCE && !INTERNALS.test(text)
}

/** The answer is 200 and an envelope with this response. */
export function expectOk (t: Test, answer: Answer, response: unknown, title = 'it answers 200 and the envelope'): void {
  t.strictSame(
    {
      code: answer.status,
      status: at(answer.body, 'status'),
      message: typeof at(answer.body, 'message'),
      response: at(answer.body, 'response')
    },
    { code: 200, status: 'ok', message: 'string', response },
    title
  )
}

/** Returns why an answer is no refusal in the envelope with one of these statuses; undefined if it is one. */
export function complaintAbout (answer: Answer, ...statuses: number[]): string | undefined {
  const said = `${String(answer.status)} ${answer.headers.get('content-type') ?? ''} ${answer.text.slice(0, 200)}`
  if (!statuses.includes(answer.status)) return `expected ${statuses.join(' or ')}, got ${said}`
  const isEnvelope =
    at(answer.body, 'status') === 'error' &&
    at(answer.body, 'response') === '' &&
    isSentence(at(answer.body, 'message'))
  return isEnvelope ? undefined : `expected an error in the envelope, got ${said}`
}

/** The answer refuses with this status in the envelope. */
export function expectRefusal (
  t: Test,
  answer: Answer,
  status: number,
  title = `it answers ${String(status)} and the envelope`
): void {
  t.equal(complaintAbout(answer, status), undefined, title)
}

/** Returns why a page is not acceptable; undefined if it is. Pages have no script and may not be framed. */
export function complaintAboutPage (answer: Answer, status: number): string | undefined {
  const type = answer.headers.get('content-type') ?? ''
  if (answer.status !== status || !/^text\/html; charset=utf-8$/i.test(type))
    return `expected ${String(status)} text/html, got ${String(answer.status)} ${type} ${answer.text.slice(0, 200)}`
  const policy = answer.headers.get('content-security-policy') ?? ''
  if (!policy.includes('default-src \'none\'') || !policy.includes('frame-ancestors \'none\''))
    return `the content security policy is too weak: ${policy}`
  return /<script/i.test(answer.text) ? 'the page holds a script' : undefined
}

/** The answer is an HTML page with a strict content security policy. */
export function expectPage (
  t: Test,
  answer: Answer,
  status: number,
  title = `it answers ${String(status)} and a page`
): void {
  t.equal(complaintAboutPage(answer, status), undefined, title)
}
