/** Waits for a Postgres server that does not serve yet, as during a failover. */
import { setTimeout as delay } from 'node:timers/promises'
import { describeFinding, type Finding } from '../lib/finding.ts'
import type { PostgresOptions } from '../store/postgres/open.ts'
import { checkPostgres } from '../store/postgres/preconditions.ts'
import { PreconditionError } from './precondition-error.ts'

/** Interval at which the server is asked, in milliseconds. */
const INTERVAL_MS = 500

/** What is waited for: in full for the operator, and the reason alone, without an address. */
export type WaitReason = { text: string, reason: string }

/**
 * Waits until the server can be reached and takes writes.
 * @param options.waitMs time limit in milliseconds
 * @param hooks.onChange is called when the wait begins, and whenever its reason changes
 * @param hooks.signal ends the wait: its reason is thrown
 * @returns warnings about the server
 * @throws {PreconditionError} when the time is over, or the server is not fit for this build
 */
export async function waitForPostgres (
  options: PostgresOptions & { waitMs: number },
  { onChange, signal }: { onChange: (wait: WaitReason) => void, signal?: AbortSignal }
): Promise<Finding[]> {
  const deadline = performance.now() + options.waitMs
  let known = ''
  for (;;) {
    const { findings, isUnreachable } = await checkPostgres(options)
    const [failure] = findings.filter(({ level }) => level === 'failure')
    if (failure === undefined) return findings.filter(({ level }) => level === 'warning')
    const leftMs = deadline - performance.now()
    if (!isUnreachable || leftMs <= 0) throw new PreconditionError(findings)
    if (failure.text !== known)
      onChange({ text: `${describeFinding(failure)}. Waiting for it.`, reason: failure.text })
    known = failure.text
    await delay(Math.min(INTERVAL_MS, leftMs), undefined, signal && { signal })
  }
}
