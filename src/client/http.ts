/** Requests to the server, and its refusals as {@link ConfabError}. */
import { ConfabError } from './errors.ts'

/** What every call takes. */
export type CallOptions = { signal?: AbortSignal | undefined }

/** What a request may carry; it is a POST unless it says otherwise. */
export type RequestOptions = CallOptions & {
  method?: 'GET' | 'POST'
  body?: object | undefined
  accessToken?: string | undefined
}

/** Where the server is, and what is used to reach it. */
export type HttpOptions = { url: string, fetch: typeof fetch, timeoutMs: number }

/** Sends requests. */
export class Http {
  readonly #options: HttpOptions

  constructor (options: HttpOptions) {
    this.#options = options
  }

  /**
   * Sends a request, a POST with a JSON body.
   * @returns the JSON of the answer
   * @throws {ConfabError} the server's refusal, `unreachable` or `timeout`; or the signal's reason
   */
  async request (
    path: string,
    { method = 'POST', body = {}, accessToken, signal }: RequestOptions = {}
  ): Promise<unknown> {
    const { url, timeoutMs } = this.#options
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await this.#options.fetch(url + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(method === 'POST' && { 'content-type': 'application/json' }),
          ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` })
        },
        ...(method === 'POST' && { body: JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout])
      })
      const text = await answer.text()
      if (!answer.ok) throw refusalOf(answer, parse(text))
      return parse(text)
    } catch (error) {
      if (error instanceof ConfabError || signal?.aborted === true) throw error
      if (timeout.aborted) throw new ConfabError('timeout', 'The server did not answer in time.', { cause: error })
      throw new ConfabError('unreachable', 'The server cannot be reached.', { cause: error })
    }
  }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A proxy's page in the server's place is no answer of the server. */
function refusalOf ({ status, headers }: Response, body: unknown): ConfabError {
  const code = textOf(body, 'code') ?? (status >= 500 ? 'unavailable' : 'refused')
  const seconds = Number(headers.get('retry-after') ?? NaN)
  return new ConfabError(code, textOf(body, 'message') ?? `The server answered with the status ${String(status)}.`, {
    status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined
  })
}

/** A string in an object that came from the server. */
export function textOf (value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : undefined
}

/** An integer in an object that came from the server. */
export function integerOf (value: unknown, name: string): number | undefined {
  const field = fieldOf(value, name)
  return Number.isSafeInteger(field) ? Number(field) : undefined
}

/** A field of an object that came from the server. */
export function fieldOf (value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}
