/** Counts by a label that has one of a few values: those given are there from the start, at 0. */
export class Tally<Label extends string> {
  readonly #counts: Map<Label, number>

  constructor (labels: readonly Label[]) {
    this.#counts = new Map(labels.map((label) => [label, 0]))
  }

  add (label: Label, count = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + count)
  }

  /** The labels with their counts. */
  entries (): Iterable<[Label, number]> {
    return this.#counts.entries()
  }
}
