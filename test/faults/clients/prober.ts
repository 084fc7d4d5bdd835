/**
 * A client of the HTTP side: it reads a chat's history again and again, by each face in turn, and may be told to try
 * again, but nothing worse.
 */
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { problemWithAnswer } from '../../support/checks/described.ts'
import type { Answer } from '../../support/clients/http.ts'
import { at, integerAt } from '../../support/data/json.ts'
import type { Journal } from './journal.ts'

const INTERVAL_MS = 200
const TIMEOUT_MS = 20_000
const LIMIT = 5
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

/** A request for the last messages. `pageOf` finds them in the answer, oldest first. */
type Probe = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string
  readonly pageOf: (body: unknown) => unknown
}

function probesOf (chatID: number, token: string, faces: 'both' | 'chatcli'): Probe[] {
  const chatcli: Probe = {
    method: 'POST',
    path: '/chat/messages',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chatID, session_token: token, limit: LIMIT }),
    pageOf: (body) => body
  }
  const v1: Probe = {
    method: 'GET',
    path: `/v1/chats/${publicChatId(chatID, null)}/messages?limit=${String(LIMIT)}`,
    headers: { authorization: `Bearer ${token}` },
    pageOf: (body) => at(body, 'items')
  }
  return faces === 'both' ? [chatcli, v1] : [chatcli]
}

/** What is wrong with a page of a history. */
function faultsOf ({ path, method, pageOf }: Probe, answer: Answer): string[] {
  const problem = problemWithAnswer(path.split('?')[0] ?? path, method, answer)
  return [
    ...(problem === undefined ? [] : [problem]),
    ...(hasHoles(pageOf(answer.body)) ? [`a page of history was ${answer.text.slice(0, 1_000)}`] : [])
  ]
}

/** Asks until it is ended. */
export class Prober {
  /** What it was told instead of a page, oldest first: the status and the text. */
  readonly refusals: string[] = []
  readonly #ended: Promise<void>
  #isOver = false

  constructor (
    { url, chatID, token, faces }: { url: string, chatID: number, token: string, faces: 'both' | 'chatcli' },
    journal: Journal
  ) {
    this.#ended = this.#run(url, probesOf(chatID, token, faces), journal)
  }

  /** Asks no more. */
  async end (): Promise<void> {
    this.#isOver = true
    await this.#ended
  }

  async #run (url: string, probes: readonly Probe[], journal: Journal): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const probe = probes[turn % probes.length]
      if (probe !== undefined) await this.#ask(url, probe, journal)
      await delay(INTERVAL_MS)
    }
  }

  async #ask (url: string, probe: Probe, journal: Journal): Promise<void> {
    const { method, path, headers: sent, body = null } = probe
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const response = await fetch(`${url}${path}`, { method, headers: sent, body, signal })
      const { status, headers } = response
      const text = await response.text()
      if (status !== 200) this.refusals.push(`${String(status)} ${text.slice(0, 200)}`)
      if (status === 200) journal.failures.push(...faultsOf(probe, { status, headers, text, body: JSON.parse(text) }))
      else if (!RETRYABLE.has(status))
        journal.failures.push(`a request was answered ${String(status)} ${text.slice(0, 200)}`)
    } catch (error) {
      // A connection that breaks is for a client to try again; one that nobody ever answers is not.
      if (error instanceof DOMException && error.name === 'TimeoutError')
        journal.failures.push(`a request was not answered in ${String(TIMEOUT_MS)} ms`)
    }
  }
}
