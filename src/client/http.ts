/** Requests to the server. What it refuses becomes a {@link ConfabProblem}. */
import { throwIfAborted } from './abort.ts'
import { fieldOf, parseJson, textOf } from './json.ts'
import { ConfabProblem } from './problem.ts'

const UNAUTHORIZED = 401
const MS_PER_S = 1_000
const HTTP_ERROR = 500

/** Options of every call. */
export type CallOptions = { signal?: AbortSignal | undefined }

/** Options of a request; it is a GET by default. */
export type RequestOptions = CallOptions & {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Sent as JSON, or as it is if it is a `Blob`; then say in `headers` what it is. */
  body?: object | undefined
  headers?: Readonly<Record<string, string>> | undefined
}

/** Where bearer tokens come from. */
export type TokenSource = { get: () => Promise<string>, refuse: (token: string) => void }

/** Dependencies. */
export type HttpOptions = { url: string, tokens: TokenSource, fetch: typeof fetch, timeoutMs: number }

/** Sends requests. */
export class Http {
  readonly #options: HttpOptions

  constructor (options: HttpOptions) {
    this.#options = options
  }

  /**
   * Sends a request; with a newer token once more if the token is refused.
   * @returns the JSON of the answer
   * @throws {ConfabProblem} that of the server, `unreachable`, `timeout` or `no_token`; or the signal's reason
   */
  async request<Answer> (
    path: string, isAnswer: (value: unknown) => value is Answer, options: RequestOptions = {}
  ): Promise<Answer> {
    const answer = await this.send(path, options)
    if (!isAnswer(answer)) throw new ConfabProblem('unreadable', 'Bad answer.')
    return answer
  }

  /** The same where the answer does not matter. */
  async send (path: string, options: RequestOptions = {}): Promise<unknown> {
    const { tokens } = this.#options
    const token = await tokens.get()
    try {
      return await this.#fetch(path, options, token)
    } catch (error) {
      if (!(error instanceof ConfabProblem) || error.status !== UNAUTHORIZED) throw error
      tokens.refuse(token)
      const newer = await tokens.get()
      if (newer === token) throw error
      return this.#fetch(path, options, newer)
    }
  }

  async #fetch (path: string, { signal, method = 'GET', body, headers }: RequestOptions, token: string) {
    throwIfAborted(signal)
    // `AbortSignal.timeout` and `any` would outlive the request.
    const ending = new AbortController()
    // The signals of React Native have no reason.
    const late: { problem?: ConfabProblem } = {}
    const timer = setTimeout(() => {
      late.problem = new ConfabProblem('timeout', 'No answer in time.', { retryable: true })
      ending.abort(late.problem)
    }, this.#options.timeoutMs)
    const abort = () => ending.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const answer = await this.#options.fetch(`${this.#options.url}/v1${path}`, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers
        },
        body: body instanceof Blob ? body : JSON.stringify(body),
        signal: ending.signal
      })
      const content = parseJson(await answer.text())
      if (!answer.ok) throw refusalOf(answer, content)
      return content
    } catch (error) {
      if (error instanceof ConfabProblem) throw error
      if (late.problem !== undefined) throw late.problem
      throwIfAborted(signal)
      // A browser gives no reason when it blocks a request to another origin.
      const detail = 'The server cannot be reached. Other origins must be in its CORS_ORIGINS.'
      throw new ConfabProblem('unreachable', detail, { retryable: true, cause: error })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** A page of a proxy is no answer of the server. */
function refusalOf ({ status, headers }: Response, body: unknown): ConfabProblem {
  const code = textOf(body, 'code')
  const isFailure = status >= HTTP_ERROR
  const seconds = Number(headers.get('retry-after') ?? NaN)
  return new ConfabProblem(
    code ?? (isFailure ? 'unavailable' : 'refused'),
    textOf(body, 'detail') ?? `The server answered ${String(status)}.`,
    {
      retryable: code === undefined ? isFailure : fieldOf(body, 'retryable') === true,
      status,
      retryAfterMs: Number.isFinite(seconds) ? seconds * MS_PER_S : undefined,
      requestId: textOf(body, 'request_id')
    }
  )
}
