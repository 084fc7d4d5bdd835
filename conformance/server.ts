/**
 * Requests to a deployment. Every answer is held against what is promised of all: JSON in UTF-8, problem details for
 * what is refused, no status 500.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Disappointment, expectEqual, expectThat } from './expectations.ts'
import { at } from './json.ts'

const REQUEST_DEADLINE_MS = 30_000
const MAX_WAIT_S = 60
const MAX_ATTEMPTS = 5
const MS_PER_S = 1_000
const FIRST_REFUSAL = 400
const FIRST_FAULT = 500
const TOO_MANY = 429
const NO_CONTENT = 204
const UNAVAILABLE = 503

/** The answer to a request. */
export type Answer = {
  /** Its method and path, for messages. */
  request: string
  status: number
  headers: Headers
  /** Parsed, if it is JSON; otherwise the text. */
  body: unknown
}

/** What goes with a request. */
export type RequestOptions = {
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  text?: string
  headers?: Record<string, string>
  /** Pages are not JSON. */
  isPage?: boolean
}

/** A deployment, by the addresses of one or more of its replicas, which take turns. */
export class Server {
  readonly #urls: readonly string[]
  #turn = 0

  constructor (urls: readonly string[]) {
    this.#urls = urls.map((url) => url.replace(/\/+$/, ''))
  }

  /** The address whose turn it is. */
  nextUrl (): string {
    const url = this.#urls[this.#turn++ % this.#urls.length]
    if (url === undefined) throw new Error('A deployment has at least one address.')
    return url
  }

  /** Sends a request. One that comes too soon is sent again when the server permits it. */
  async request (method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#send(method, path, options)
      const waitS = Number(answer.headers.get('retry-after') ?? NaN)
      const isLater = answer.status === TOO_MANY || answer.status === UNAVAILABLE
      if (!isLater || attempt === MAX_ATTEMPTS || !(waitS <= MAX_WAIT_S)) {
        checkAnswer(answer, options)
        return answer
      }
      await delay(Math.max(waitS, 1) * MS_PER_S)
    }
  }

  async #send (method: string, path: string, { body, text, headers }: RequestOptions): Promise<Answer> {
    const response = await fetch(this.nextUrl() + path, {
      method,
      headers: { ...((body ?? text) !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(text !== undefined ? { body: text } : body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_DEADLINE_MS)
    })
    const content = await response.text()
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
    return {
      request: `${method} ${path}`,
      status: response.status,
      headers: response.headers,
      body: isJson ? parse(content) : content
    }
  }
}

function parse (content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new Disappointment(`An answer that should be JSON is ${JSON.stringify(content)}.`)
  }
}

/** Checks what is promised of every answer. */
function checkAnswer ({ request, status, headers, body }: Answer, { isPage = false }: RequestOptions): void {
  const type = headers.get('content-type') ?? ''
  if (status >= FIRST_FAULT) throw new Disappointment(`${request} answers ${String(status)}: ${JSON.stringify(body)}`)
  if (status < FIRST_REFUSAL) {
    if (status !== NO_CONTENT && !isPage) expectThat(type.startsWith('application/json'), `${request} answers JSON`)
    return
  }
  expectThat(type.startsWith('application/problem+json'), `${request} is refused by a problem, not by "${type}"`)
  for (const field of ['type', 'title', 'detail', 'code', 'request_id'])
    expectThat(typeof at(body, field) === 'string', `the problem of ${request} has the text "${field}"`)
  expectEqual(at(body, 'status'), status, `the "status" in the problem of ${request}`)
  expectThat(typeof at(body, 'retryable') === 'boolean', `the problem of ${request} says whether it is retryable`)
  expectThat(
    String(at(body, 'type')).endsWith(`/errors/${String(at(body, 'code'))}`),
    `the type of the problem of ${request} ends with its code`
  )
}

/** One who calls: the headers that say who it is go with every request. */
export class Caller {
  readonly #server: Server
  readonly #headers: Record<string, string>

  constructor (server: Server, headers: Record<string, string>) {
    this.#server = server
    this.#headers = headers
  }

  async get (path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('GET', path, undefined, headers)
  }

  async post (path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('POST', path, body, headers)
  }

  async put (path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('PUT', path, body, headers)
  }

  async patch (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('PATCH', path, body, headers)
  }

  async delete (path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('DELETE', path, undefined, headers)
  }

  /** Sends a request; the path is that below `/v1`. */
  async call (
    method: string, path: string, body?: unknown, headers: Record<string, string> = {}
  ): Promise<Answer> {
    return this.#server.request(method, `/v1${path}`, {
      ...(body !== undefined && { body }), headers: { ...this.#headers, ...headers }
    })
  }
}
