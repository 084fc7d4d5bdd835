/**
 * The epoch of the data: while it stays the same, no acknowledged message has gone. A database that went back in time
 * (an asynchronous standby that was promoted, a backup that was restored) gives old seqs to new messages, and nobody
 * who counts on may be left believing otherwise.
 */
import type { Database } from '../../store/database.ts'
import type { EpochSource } from '../../store/postgres/epoch-fence.ts'
import { readEpoch } from '../../store/epoch.ts'
import { ChatError } from '../errors.ts'

/** Where the epoch is read, and how often, in milliseconds. */
export type EpochOptions = { database: Database, checkIntervalMs: number }

/** Watches the epoch. */
export class Epoch implements EpochSource {
  readonly #database: Database
  readonly #timer: NodeJS.Timeout
  readonly #listeners: (() => void)[] = []
  #current: string
  #reading: Promise<void> | undefined

  private constructor ({ database, checkIntervalMs }: EpochOptions, current: string) {
    this.#database = database
    this.#current = current
    // A store that is away says so elsewhere, and is asked again.
    this.#timer = setInterval(() => void this.check().catch(() => undefined), checkIntervalMs)
  }

  /**
   * Reads the epoch and goes on watching it until {@link Epoch.stop}: at intervals, and whenever the store may be
   * another.
   */
  static async watch (options: EpochOptions): Promise<Epoch> {
    const epoch = new Epoch(options, await readEpoch(options.database.unfenced))
    options.database.fenceBy(epoch)
    return epoch
  }

  /** A short string without meaning of its own. */
  get current (): string {
    return this.#current
  }

  /** Calls back when another epoch has begun: whatever was kept of the store is void. */
  onChange (listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Asks the store, from now on: not with a question that is under way. @throws when it cannot be reached */
  async check (): Promise<void> {
    await this.#reading?.catch(() => undefined)
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
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
    const epoch = await readEpoch(this.#database.unfenced)
    if (epoch === this.#current) return
    this.#current = epoch
    for (const listener of this.#listeners) listener()
  }
}
