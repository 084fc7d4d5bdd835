/**
 * Histograms: counts of the values up to each bound, and their sum. Ten times cheaper than those of the library, for
 * the path of every message.
 */

/** Bounds for durations, in seconds. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Bounds for numbers of messages. */
const MESSAGES = [0, 1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000]

/** One series of observed values. */
export class Distribution {
  /** Ascending; values beyond the last one are counted in `counts[bounds.length]`. */
  readonly bounds: readonly number[]
  /** `counts[i]` values were above `bounds[i - 1]` and at most `bounds[i]`. */
  readonly counts: number[]
  sum = 0

  constructor (bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  /** Of durations in seconds. */
  static ofSeconds (): Distribution {
    return new Distribution(SECONDS)
  }

  /** Of numbers of messages. */
  static ofMessages (): Distribution {
    return new Distribution(MESSAGES)
  }

  /** Adds a value. A negative duration results from clocks that disagree, and counts as zero. */
  observe (value: number): void {
    const observed = Math.max(value, 0)
    let index = 0
    while (index < this.bounds.length && observed > (this.bounds[index] ?? Infinity)) index++
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.sum += observed
  }
}

/** Histograms of durations in seconds by labels; the number of combinations must be bounded. */
export class LabelledDistribution<Name extends string> {
  readonly names: readonly Name[]
  readonly #series = new Map<string, { labels: Record<Name, string>, distribution: Distribution }>()

  constructor (names: readonly Name[]) {
    this.names = names
  }

  observe (labels: Record<Name, string>, seconds: number): void {
    const key = this.names.map((name) => labels[name]).join('\n')
    let series = this.#series.get(key)
    if (series === undefined) this.#series.set(key, (series = { labels, distribution: Distribution.ofSeconds() }))
    series.distribution.observe(seconds)
  }

  /** Every combination that has been observed. */
  series (): Iterable<{ labels: Record<Name, string>, distribution: Distribution }> {
    return this.#series.values()
  }
}
