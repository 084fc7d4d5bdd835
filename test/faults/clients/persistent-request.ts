/** A request over HTTP that is repeated until it is answered. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Journal } from './journal.ts'

const [RETRY_DELAY_MS, TIMEOUT_MS] = [100, 20_000]
/** Answers that mean "try again": a replica says 429 or 503, haproxy 502, 503 or 504 where it has none to ask. */
const RETRYABLE = new Set([429, 502, 503, 504])

/** What is requested, and by whom. */
export type PersistentRequest = {
  readonly name: string
  readonly url: string
  readonly method: string
  readonly token?: string
  readonly body?: object
  readonly ifMatch?: string
  /** Statuses beside 200 that answer it. */
  readonly otherStatuses?: readonly number[]
}

/** Requests until there is an answer. @returns its status and body, undefined when it is given up or refused */
export async function requestUntilAnswered (
  { name, url, method, token, body, ifMatch, otherStatuses = [] }: PersistentRequest,
  journal: Journal,
  isGivenUp: () => boolean
): Promise<{ status: number, body: unknown } | undefined> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    ...(body !== undefined && { 'content-type': 'application/json' })
  }
  while (!isGivenUp()) {
    try {
      const response = await fetch(url, {
        method,
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      const { status } = response
      const text = await response.text()
      if (status === 200 || otherStatuses.includes(status)) return { status, body: JSON.parse(text) }
      if (!RETRYABLE.has(status)) {
        journal.failures.push(`${name} was answered ${String(status)} ${text.slice(0, 200)}`)
        return undefined
      }
    } catch (error) {
      if (error instanceof DOMException && error.name === 'TimeoutError')
        journal.failures.push(`${name} was not answered in ${String(TIMEOUT_MS)} ms`)
    }
    await delay(RETRY_DELAY_MS)
  }
  return undefined
}
