/** Comparing with the store: at intervals, more often while the bus is down, and whenever the bus comes or goes. */
import type { Bus } from '../bus/bus.ts'

const WHILE_DOWN_MS = 1_000

/** What is compared, and how often, in milliseconds. */
export type SweepOptions = {
  bus: Bus
  intervalMs: number
  /** Compares; when it rejects, the next sweep is the next attempt. */
  compare: () => Promise<void>
  failed: (error: unknown) => void
}

/** Runs comparisons, one at a time, until it is closed. */
export class Sweep {
  readonly #options: SweepOptions
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #isClosed = false

  constructor (options: SweepOptions) {
    this.#options = options
    options.bus.onChange(() => void this.run())
    this.#schedule()
  }

  /** Compares now, unless a comparison is running. */
  async run (): Promise<void> {
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    clearTimeout(this.#timer)
    await this.#options.compare().catch(this.#options.failed)
    this.#isRunning = false
    this.#schedule()
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #schedule (): void {
    if (this.#isClosed) return
    const { bus, intervalMs } = this.#options
    this.#timer = setTimeout(() => void this.run(), bus.isUp ? intervalMs : Math.min(WHILE_DOWN_MS, intervalMs))
  }
}
