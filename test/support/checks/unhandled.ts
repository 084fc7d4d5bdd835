/** Errors that no code of this process has handled. */
import type { Scope } from '../scope.ts'

/** Collects them until the end of the test, in the place of ending the process. */
export function collectUnhandled (t: Scope, event: 'unhandledRejection' | 'uncaughtException'): readonly unknown[] {
  const errors: unknown[] = []
  const note = (error: unknown) => void errors.push(error)
  process.on(event, note)
  t.teardown(() => process.off(event, note))
  return errors
}
