/** Errors between a program and a server, in one form. */

/** Codes after which the same may succeed later without a change. */
const RETRYABLE = new Set([
  'overloaded',
  'unavailable',
  'unconfirmed',
  'storage_unavailable',
  'too_many_frames',
  'too_many_sockets',
  'rate_limited',
  'slow_mode',
  'over_capacity',
  'hook_failed',
  'idempotency_in_progress',
  'draining',
  'updating',
  'unreachable',
  'timeout'
])

/** Details of an error besides its code. */
export type ConfabErrorDetails = ErrorOptions & {
  /** The status of the HTTP answer. */
  status?: number
  /** How long the same would be refused again, in milliseconds. */
  retryAfterMs?: number | undefined
  /** The current epoch of the server; with `epoch_changed`. */
  epoch?: string | undefined
}

/**
 * An error of the server with its stable `code`, or one of the client: `unreachable` (no connection), `timeout` (no
 * answer), `logged_out` (no session), `closed` (the client was closed).
 */
export class ConfabError extends Error {
  override readonly name = 'ConfabError'
  readonly code: string
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  readonly epoch: string | undefined

  constructor (code: string, message: string, { status, retryAfterMs, epoch, ...options }: ConfabErrorDetails = {}) {
    super(message, options)
    this.code = code
    this.status = status
    this.retryAfterMs = retryAfterMs
    this.epoch = epoch
  }

  /** Whether the same may succeed later without a change. */
  get isRetryable (): boolean {
    return RETRYABLE.has(this.code)
  }
}
