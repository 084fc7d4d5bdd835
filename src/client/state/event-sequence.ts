/** The order of a chat's events: each seq once, and none left out. No I/O. */
import type { ChatEvent } from '../types.ts'

/** Events that wait for those before them. More of them are read again from the server. */
const MAX_EARLY = 1_000

/** Seqs that have not come, both included. */
export type Missing = { readonly from: number, readonly to: number }

/** How far the log of a chat is known. */
export class EventSequence {
  #seq: number | undefined
  /** Up to here there are events, as far as is known. */
  #head = 0
  readonly #early = new Map<number, ChatEvent>()

  /** Everything up to here has been taken; undefined before the beginning is known. */
  get seq (): number | undefined {
    return this.#seq
  }

  /** What is missing before events that have come, or before the head. */
  get missing (): Missing | undefined {
    if (this.#seq === undefined || this.#head <= this.#seq) return undefined
    return { from: this.#seq + 1, to: Math.min(this.#head, ...[...this.#early.keys()].map((seq) => seq - 1)) }
  }

  /** Begins behind a seq, unless it has begun. */
  begin (seq: number): void {
    this.#seq ??= seq
  }

  /** Forgets everything. */
  reset (): void {
    this.#seq = undefined
    this.#head = 0
    this.#early.clear()
  }

  /** Notes that there are events up to a seq. */
  noteHead (head: number): void {
    this.#head = Math.max(this.#head, head)
  }

  /** Takes an event. @returns those whose turn it is, in order: none for one that is known or has come too early */
  take (event: ChatEvent): ChatEvent[] {
    this.#seq ??= event.seq - 1
    if (event.seq <= this.#seq) return []
    this.noteHead(event.seq)
    if (this.#early.size < MAX_EARLY || event.seq === this.#seq + 1) this.#early.set(event.seq, event)
    const due: ChatEvent[] = []
    for (let next = this.#early.get(this.#seq + 1); next !== undefined; next = this.#early.get(this.#seq + 1)) {
      this.#early.delete(next.seq)
      this.#seq = next.seq
      due.push(next)
    }
    return due
  }
}
