/** What all clients of a round write down. */
import type { ChangeRecord, ListRecord, PostRecord, ReaderRecord } from '../checking/history.ts'

/** A socket that is gone. */
export type Close = { readonly client: string, readonly code: number, readonly at: number }

/** The errors that a client answers with a retry; see docs/reference/protocol.md. */
const RETRYABLE: ReadonlySet<unknown> = new Set([
  'unavailable',
  'unconfirmed',
  'overloaded',
  'too_many_frames',
  'too_many_sockets',
  'draining',
  'updating'
])

/** The journal of a round. */
export class Journal {
  readonly posts: PostRecord[] = []
  readonly changes: ChangeRecord[] = []
  readonly readers: ReaderRecord[] = []
  readonly lists: ListRecord[] = []
  readonly closes: Close[] = []
  /** What no fault excuses. */
  readonly failures: string[] = []
  /** Who was late while something was still broken, where even that has a bound. */
  readonly late: string[] = []
  #sockets = 0

  /** A number for a new socket. */
  nextSocket (): number {
    return this.#sockets++
  }

  /** Takes note of an error frame. @returns whether the same may be tried again */
  noteError (client: string, frame: Readonly<Record<string, unknown>>): boolean {
    if (RETRYABLE.has(frame['code'])) return true
    this.failures.push(`${client} was answered ${JSON.stringify(frame).slice(0, 300)}`)
    return false
  }
}
