/** Counts by a label with few values: those given exist from the start, with count 0. */
export class Tally<Label extends string> {
  readonly #counts: Map<Label, { count: number }>

  constructor (labels: readonly Label[]) {
    this.#counts = new Map(labels.map((label) => [label, { count: 0 }]))
  }

  /** Labels that are there from now on, at 0. */
  declare (labels: readonly Label[]): void {
    for (const label of labels) this.add(label, 0)
  }

  add (label: Label, count = 1): void {
    const counter = this.#counts.get(label)
    if (counter === undefined) this.#counts.set(label, { count })
    else counter.count += count
  }

  /** The count of a label. */
  count (label: Label): number {
    return this.#counts.get(label)?.count ?? 0
  }

  /** The labels with their counts. */
  * entries (): Iterable<[Label, number]> {
    for (const [label, { count }] of this.#counts) yield [label, count]
  }
}
