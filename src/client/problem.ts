/** Errors between a program and the server, in one form. */

/** Details of a problem besides its code. */
export type ProblemDetails = ErrorOptions & {
  retryable?: boolean | undefined
  /** The status of the HTTP answer. */
  status?: number | undefined
  /** How long the same would be refused again, in milliseconds. */
  retryAfterMs?: number | undefined
  /** The request in the log of the server. */
  requestId?: string | undefined
}

/**
 * A problem of the server with its stable `code`, or one of the client: `unreachable` (no connection), `timeout` (no
 * answer), `closed` (the client was closed), `no_token` (`getToken` failed), `no_websocket`.
 */
export class ConfabProblem extends Error {
  override readonly name = 'ConfabProblem'
  readonly code: string
  /** Whether the same may succeed later. */
  readonly retryable: boolean
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  readonly requestId: string | undefined

  constructor (
    code: string,
    detail: string,
    { retryable = false, status, retryAfterMs, requestId, ...options }: ProblemDetails = {}
  ) {
    super(detail, options)
    this.code = code
    this.retryable = retryable
    this.status = status
    this.retryAfterMs = retryAfterMs
    this.requestId = requestId
  }
}

/** The problem that an error stands for. */
export function problemOf (error: unknown): ConfabProblem {
  return error instanceof ConfabProblem
    ? error
    : new ConfabProblem('failed', error instanceof Error ? error.message : String(error), { cause: error })
}
