/** What errors of `/v1` have in common. */
import type { Test } from 'tap'
import type { Answer } from '../clients/http.ts'
import { isSentence } from '../checks/answers.ts'
import { PUBLIC_URL } from '../servers/cluster.ts'
import { at } from './json.ts'

/** The answer refuses with this status and code, as problem details (RFC 9457). */
export function expectProblem (t: Test, answer: Answer, status: number, code: string, title = code): void {
  const { body, headers } = answer
  t.match(headers.get('content-type'), /^application\/problem\+json/, title)
  t.strictSame(
    [answer.status, ...['status', 'code', 'type'].map((field) => at(body, field))],
    [status, status, code, `${PUBLIC_URL}/errors/${code}`],
    title
  )
  t.ok(isSentence(at(body, 'title')) && isSentence(at(body, 'detail')), 'in sentences')
  t.type(at(body, 'retryable'), 'boolean')
}
