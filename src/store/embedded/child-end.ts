/** The end of a child process. */
import type { ChildProcess } from 'node:child_process'

/** How a process ended; neither is known of one that could not be started. */
export type ProcessEnd = { code: number | null, signal: NodeJS.Signals | null }

/** Settles when a process has ended, or could not be started at all; never rejects. */
export function endOf (child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
}
