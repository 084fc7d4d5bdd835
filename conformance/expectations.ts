/** What a check expects; each function throws a {@link Disappointment} where it is not so. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { at } from './json.ts'
import type { Answer } from './server.ts'

/** An expectation that was not met: the message is for people. */
export class Disappointment extends Error {}

const DEPTH = 6
const show = (value: unknown) => inspect(value, { depth: DEPTH, breakLength: Infinity })

/** Expects that a statement is true. */
export function expectThat (isTrue: boolean, statement: string): void {
  if (!isTrue) throw new Disappointment(`It is not true that ${statement}.`)
}

/** Expects a value that is equal in all its parts. */
export function expectEqual (actual: unknown, expected: unknown, name: string): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Disappointment(`${name} should be ${show(expected)} and is ${show(actual)}.`)
}

/** Expects a value with these fields and any others; a regular expression is to match a text. */
export function expectFields (actual: unknown, expected: object, name: string): void {
  const fields: [string, unknown][] = Object.entries(expected)
  for (const [field, value] of fields) {
    const found = at(actual, field)
    const place = `${name}.${field}`
    if (value instanceof RegExp) {
      if (typeof found !== 'string' || !value.test(found))
        throw new Disappointment(`${place} should match ${String(value)} and is ${show(found)}.`)
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0)
      expectFields(found, value, place)
    else expectEqual(found, value, place)
  }
}

/** Expects an answer with one of these statuses. */
export function expectStatus (answer: Answer, ...statuses: number[]): void {
  if (!statuses.includes(answer.status)) {
    throw new Disappointment(
      `${answer.request} should answer ${statuses.join(' or ')} and answers ${String(answer.status)}: ` +
      show(answer.body)
    )
  }
}

/** Expects the answer of a request that is refused; its form is checked with every answer. */
export function expectProblem (answer: Answer, status: number, code: string): void {
  expectStatus(answer, status)
  expectEqual(at(answer.body, 'code'), code, `the code of ${answer.request}`)
}
