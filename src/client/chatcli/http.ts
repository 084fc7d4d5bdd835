/** Requests to the server; its errors become {@link ConfabError}. */
import { ConfabError } from './errors.ts'
import { parseJson, textOf } from '../json.ts'
import { describeUnreachable } from '../page-origin.ts'

/** Options of every call. */
export type CallOptions = { signal?: AbortSignal | undefined }

/** Options of a request; it is a POST by default. */
export type RequestOptions = CallOptions & {
  method?: 'GET' | 'POST' | 'DELETE'
  body?: object | undefined
  accessToken?: string | undefined
}

/** The address of the server, and the functions to reach it. */
export type HttpOptions = { url: string, fetch: typeof fetch, timeoutMs: number }

/** Sends requests. */
export class Http {
  readonly #options: HttpOptions

  constructor (options: HttpOptions) {
    this.#options = options
  }

  /**
   * Sends a request, by default a POST with a JSON body.
   * @returns the JSON of the answer
   * @throws {ConfabError} the server's error, `unreachable` or `timeout`; or the signal's reason
   */
  async request (path: string, { signal, ...options }: RequestOptions = {}): Promise<unknown> {
    signal?.throwIfAborted()
    // `AbortSignal.timeout` and `any` would outlive the request.
    const ending = new AbortController()
    const timer = setTimeout(
      () => ending.abort(new ConfabError('timeout', 'The server did not answer in time.')),
      this.#options.timeoutMs
    )
    const abort = () => ending.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await this.#send(path, options, ending.signal)
    } catch (error) {
      if (error instanceof ConfabError || signal?.aborted === true) throw error
      const reason: unknown = ending.signal.reason
      if (reason instanceof ConfabError) throw reason
      throw new ConfabError('unreachable', describeUnreachable(this.#options.url), { cause: error })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  async #send (
    path: string,
    { method = 'POST', body = {}, accessToken }: RequestOptions,
    signal: AbortSignal
  ): Promise<unknown> {
    const answer = await this.#options.fetch(this.#options.url + path, {
      method,
      headers: {
        accept: 'application/json',
        ...(method === 'POST' && { 'content-type': 'application/json' }),
        ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` })
      },
      ...(method === 'POST' && { body: JSON.stringify(body) }),
      signal
    })
    const content = parseJson(await answer.text())
    if (!answer.ok) throw refusalOf(answer, content)
    return content
  }
}

/** A page of a proxy is no answer of the server. */
function refusalOf ({ status, headers }: Response, body: unknown): ConfabError {
  const code = textOf(body, 'code') ?? (status >= 500 ? 'unavailable' : 'refused')
  const seconds = Number(headers.get('retry-after') ?? NaN)
  const sentence = textOf(body, 'message') ?? textOf(body, 'detail')
  return new ConfabError(code, sentence ?? `The server answered with the status ${String(status)}.`, {
    status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined
  })
}
