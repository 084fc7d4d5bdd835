/**
 * The epoch of the data: while it stays the same, no acknowledged message has been lost. A database that went back in
 * time (an asynchronous standby was promoted, a backup was restored) assigns old seqs to new messages, and every client
 * that resumes by seq must be notified of that.
 */
import type { Database } from '../../store/database.ts'
import type { EpochSource } from '../../store/postgres/epoch-fence.ts'
import { type DataIdentity, readIdentity } from '../../store/epoch.ts'
import { ChatError } from '../errors.ts'

/** Where the epoch is read, and how often, in milliseconds. */
export type EpochOptions = { database: Database, checkIntervalMs: number }

/** Watches the epoch. */
export class Epoch implements EpochSource {
  readonly #database: Database
  readonly #timer: NodeJS.Timeout
  readonly #listeners: (() => void)[] = []
  #identity: DataIdentity
  #reading: Promise<void> | undefined

  private constructor ({ database, checkIntervalMs }: EpochOptions, identity: DataIdentity) {
    this.#database = database
    this.#identity = identity
    // An unreachable store is reported elsewhere; the next interval asks again.
    this.#timer = setInterval(() => void this.check().catch(() => undefined), checkIntervalMs)
  }

  /**
   * Reads the epoch and watches it until {@link Epoch.stop}: at intervals, and whenever the store may be another one.
   */
  static async watch (options: EpochOptions): Promise<Epoch> {
    const epoch = new Epoch(options, await readIdentity(options.database.unfenced))
    options.database.fenceBy(epoch)
    return epoch
  }

  /** The epoch as clients know it: a short opaque string. */
  get current (): string {
    return this.#identity.epoch
  }

  /**
   * The epoch for channels and keys in Redis, which several installations may share: no two databases have the same,
   * not even when one is a copy of the other.
   */
  get scope (): string {
    return this.#identity.scope
  }

  /** The id of the installation, which stays the same in other epochs. */
  get installationId (): string {
    return this.#identity.installationId
  }

  /** Calls `listener` when the epoch has changed: everything cached from the store is void. */
  onChange (listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Asks the store, with a query that starts now, not one in flight. @throws when the store cannot be reached */
  async check (): Promise<void> {
    await this.#reading?.catch(() => undefined)
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  /** Checks that a client refers to the current epoch. @throws {ChatError} `epoch_changed` */
  async confirm (known: string): Promise<void> {
    // The client may have learned of an epoch from another replica before this one has noticed it.
    if (known !== this.current) await this.check()
    if (known !== this.current) throw new ChatError('epoch_changed', undefined, { epoch: this.current })
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  async #read (): Promise<void> {
    const identity = await readIdentity(this.#database.unfenced)
    const isSame = identity.epoch === this.current && identity.scope === this.scope
    if (isSame) return
    this.#identity = identity
    for (const listener of this.#listeners) listener()
  }
}
