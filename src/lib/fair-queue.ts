/**
 * Runs the work of many users, a bounded number at a time. Users take turns: one with much work delays the others by as
 * much as one with little.
 */

/** Bounds of a queue. */
export type FairQueueOptions = {
  /** Pieces of work at the same time. */
  concurrency: number
  /** Those of one key among them. */
  perKey: number
}

/** Pieces of work of one key: how many run, and those that wait. While it is ready, `next` is the line behind it. */
type Line = { running: number, readonly waiting: (() => void)[], isReady: boolean, next: Line | undefined }

/** See the head of this file. */
export class FairQueue {
  readonly #concurrency: number
  readonly #perKey: number
  /** Keys with work. */
  readonly #lines = new Map<number, Line>()
  /** Those with waiting work that may run, as a list: an array with thousands of them is slow at its beginning. */
  #first: Line | undefined
  #last: Line | undefined
  #running = 0

  constructor ({ concurrency, perKey }: FairQueueOptions) {
    this.#concurrency = concurrency
    this.#perKey = perKey
  }

  /** Runs `work` at its turn. @throws its error */
  async run<Result>(key: number, work: () => Promise<Result>): Promise<Result> {
    await this.enter(key)
    try {
      return await work()
    } finally {
      this.leave(key)
    }
  }

  /** Resolves at the turn of a piece of work. Each call needs one of {@link leave} afterwards. */
  async enter (key: number): Promise<void> {
    const line = this.#lineOf(key)
    if (this.#running < this.#concurrency && line.running < this.#perKey && this.#first === undefined) {
      this.#running++
      line.running++
      return
    }
    await new Promise<void>((resolve) => {
      line.waiting.push(resolve)
      this.#getReady(line)
      this.#runNext()
    })
  }

  /** Ends a piece of work. */
  leave (key: number): void {
    const line = this.#lineOf(key)
    this.#running--
    line.running--
    this.#getReady(line)
    if (line.running === 0 && line.waiting.length === 0) this.#lines.delete(key)
    this.#runNext()
  }

  #lineOf (key: number): Line {
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const line: Line = { running: 0, waiting: [], isReady: false, next: undefined }
    this.#lines.set(key, line)
    return line
  }

  /** Puts a line behind the others, if some of its work may run. */
  #getReady (line: Line): void {
    if (line.isReady || line.waiting.length === 0 || line.running >= this.#perKey) return
    line.isReady = true
    if (this.#last === undefined) this.#first = line
    else this.#last.next = line
    this.#last = line
  }

  #takeFirst (): Line | undefined {
    const line = this.#first
    if (line === undefined) return undefined
    this.#first = line.next
    if (this.#first === undefined) this.#last = undefined
    line.next = undefined
    line.isReady = false
    return line
  }

  #runNext (): void {
    while (this.#running < this.#concurrency) {
      const line = this.#takeFirst()
      if (line === undefined) return
      this.#running++
      line.running++
      line.waiting.shift()?.()
      this.#getReady(line)
    }
  }
}
