/**
 * The epoch of the data: while it stays the same, no acknowledged message has gone. A database that went back in time (an
 * asynchronous standby that was promoted, a backup that was restored) gives old seqs to new messages, and nobody who
 * counts on may be left believing otherwise.
 */
import type { Orm } from '../store/database.ts'
import { readEpoch } from '../store/epoch.ts'
import { ChatError } from './errors.ts'

/** Where the epoch is read, and how often, in milliseconds. */
export type EpochOptions = { orm: Orm, checkIntervalMs: number }

/** Watches the epoch. */
export class Epoch {
  readonly #orm: Orm
  readonly #timer: NodeJS.Timeout
  readonly #listeners: (() => void)[] = []
  #current: string
  #reading: Promise<void> | undefined

  private constructor ({ orm, checkIntervalMs }: EpochOptions, current: string) {
    this.#orm = orm
    this.#current = current
    // A store that is away says so elsewhere, and is asked again.
    this.#timer = setInterval(() => void this.check().catch(() => undefined), checkIntervalMs)
  }

  /** Reads the epoch and goes on watching it until {@link Epoch.stop}. */
  static async watch (options: EpochOptions): Promise<Epoch> {
    return new Epoch(options, await readEpoch(options.orm))
  }

  /** A short string without meaning of its own. */
  get current (): string {
    return this.#current
  }

  /** Calls back when another epoch has begun: whatever was kept of the store is void. */
  onChange (listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Asks the store. @throws when it cannot be reached */
  async check (): Promise<void> {
    this.#reading ??= this.#read().finally(() => { this.#reading = undefined })
    await this.#reading
  }

  /**
   * Makes sure that a client speaks of the same history.
   * @throws {ChatError} `epoch_changed`
   */
  async confirm (known: string): Promise<void> {
    // Another replica may have told the client of an epoch before this one has heard of it.
    if (known !== this.#current) await this.check()
    if (known !== this.#current) throw new ChatError('epoch_changed')
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  async #read (): Promise<void> {
    const epoch = await readEpoch(this.#orm)
    if (epoch === this.#current) return
    this.#current = epoch
    for (const listener of this.#listeners) listener()
  }
}
