/** The end of a child process. */
import type { ChildProcess } from 'node:child_process'

/** How a process ended; both are null if it could not be started. */
export type ProcessEnd = { code: number | null, signal: NodeJS.Signals | null }

/** Resolves when a process has ended, or could not be started; never rejects. */
export function endOf (child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
}
