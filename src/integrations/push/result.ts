/** What the answer of a push service says about a push. */
import type { PushResult } from '../../domain/push/push.ts'
import type { OutboundResult } from '../../domain/webhooks/outbound.ts'

const [REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERROR] = [408, 429, 500]
/** Failures to reach a service that the next attempt would have, too. */
const LASTING: ReadonlySet<string> = new Set(['invalid_url', 'refused_address'])

/** Whether the same request may be accepted later. */
export function isTemporary (status: number): boolean {
  return status === REQUEST_TIMEOUT || status === TOO_MANY_REQUESTS || status >= SERVER_ERROR
}

/** What became of a push that was answered, or not. @param gone the statuses for a device that is not known any more */
export function resultOf (result: OutboundResult, gone: readonly number[]): PushResult {
  if (result.kind === 'failure')
    return { status: LASTING.has(result.reason) ? 'refused' : 'failed', reason: result.message }
  const { status, retryAfterMs } = result
  if (status >= 200 && status < 300) return { status: 'sent' }
  if (gone.includes(status)) return { status: 'gone' }
  const reason = `The answer of the push service was ${String(status)}.`
  return isTemporary(status) ? { status: 'failed', reason, retryAfterMs } : { status: 'refused', reason }
}
