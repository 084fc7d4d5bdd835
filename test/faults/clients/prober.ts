/**
 * A client of the HTTP side: it reads a chat's history again and again, and may be told to try again, but nothing
 * worse.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { problemWithAnswer } from '../../support/checks/described.ts'
import type { Answer } from '../../support/clients/http.ts'
import { integerAt } from '../../support/data/json.ts'
import type { Journal } from './journal.ts'

const INTERVAL_MS = 200
const TIMEOUT_MS = 20_000
/** Answers that mean "try again": a replica says 429 or 503, haproxy 502, 503 or 504 where it has none to ask. */
const RETRYABLE = new Set([429, 502, 503, 504])

/** Whether something is no page of a history, or one in which a seq is missing. */
function hasHoles (page: unknown): boolean {
  return (
    !Array.isArray(page) ||
    page.some(
      (message: unknown, index) => index > 0 && integerAt(message, 'seq') !== integerAt(page[index - 1], 'seq') + 1
    )
  )
}

/** What is wrong with a page of a history. */
function faultsOf (answer: Answer): string[] {
  const problem = problemWithAnswer('/chat/messages', 'POST', answer)
  return [
    ...(problem === undefined ? [] : [problem]),
    ...(hasHoles(answer.body) ? [`a page of history was ${answer.text.slice(0, 1_000)}`] : [])
  ]
}

/** Asks until it is ended. */
export class Prober {
  /** Answers by their status. */
  readonly answers = new Map<number, number>()
  readonly #ended: Promise<void>
  #isOver = false

  constructor (url: string, chatID: number, token: string, journal: Journal) {
    this.#ended = this.#run(url, { chatID, session_token: token, limit: 5 }, journal)
  }

  /** Asks no more. */
  async end (): Promise<void> {
    this.#isOver = true
    await this.#ended
  }

  async #run (url: string, query: object, journal: Journal): Promise<void> {
    while (!this.#isOver) {
      try {
        const response = await fetch(`${url}/chat/messages`, {
          method: 'POST',
          body: JSON.stringify(query),
          headers: { 'content-type': 'application/json' },
          signal: AbortSignal.timeout(TIMEOUT_MS)
        })
        const { status, headers } = response
        const text = await response.text()
        this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
        if (status === 200) journal.failures.push(...faultsOf({ status, headers, text, body: JSON.parse(text) }))
        else if (!RETRYABLE.has(status))
          journal.failures.push(`a request was answered ${String(status)} ${text.slice(0, 200)}`)
      } catch (error) {
        // A connection that breaks is for a client to try again; one that nobody ever answers is not.
        if (error instanceof DOMException && error.name === 'TimeoutError')
          journal.failures.push(`a request was not answered in ${String(TIMEOUT_MS)} ms`)
      }
      await delay(INTERVAL_MS)
    }
  }
}
