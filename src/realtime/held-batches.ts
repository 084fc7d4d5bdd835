/** Batches of one chat that wait for the ones before them. */
import type { EventBatch } from './event-batch.ts'

/** Maximum total size; what exceeds it is read from the store later. */
const MAX_BYTES = 1_048_576

/** The batches, by their first seq. */
export class HeldBatches {
  #batches: EventBatch[] = []
  #bytes = 0

  get first (): EventBatch | undefined {
    return this.#batches[0]
  }

  /** Adds a batch, and drops the last ones when they exceed the maximum. */
  add (batch: EventBatch): void {
    this.#batches = [...this.#batches, batch].sort((a, b) => a.firstSeq - b.firstSeq)
    this.#bytes += batch.frames.bytes.length
    while (this.#bytes > MAX_BYTES && this.#batches.length > 1)
      this.#bytes -= this.#batches.pop()?.frames.bytes.length ?? 0
  }

  removeFirst (): void {
    this.#bytes -= this.#batches.shift()?.frames.bytes.length ?? 0
  }
}
