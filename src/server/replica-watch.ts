/**
 * Notices that several replicas without a bus between them use one database: a message then reaches the sockets of the
 * others only when they compare their chats with the store.
 */
import type { Database } from '../store/database.ts'
import { countOtherReplicas } from '../store/replicas.ts'

/** Interval at which the database is asked, in milliseconds. */
const INTERVAL_MS = 5_000

/** The part of a logger that is used. */
type Log = Record<'error' | 'info', (details: object, message: string) => void>

/** Watches the replicas of a database. */
export class ReplicaWatch {
  readonly #database: Database
  readonly #replica: string
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  #isAlone = true

  private constructor (database: Database, replica: string, log: Log) {
    this.#database = database
    this.#replica = replica
    this.#log = log
    // An unreachable database is reported elsewhere; the next interval asks again.
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), INTERVAL_MS).unref()
  }

  /** Looks once, and then at intervals. @param replica the number of this one */
  static async start (database: Database, replica: string, log: Log): Promise<ReplicaWatch> {
    const watch = new ReplicaWatch(database, replica, log)
    await watch.#look().catch(() => undefined)
    return watch
  }

  /** Whether no other replica was found. */
  get isAlone (): boolean {
    return this.#isAlone
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  async #look (): Promise<void> {
    const others = await countOtherReplicas(this.#database.orm, this.#replica)
    const wasAlone = this.#isAlone
    this.#isAlone = others === 0
    if (wasAlone && !this.#isAlone) {
      this.#log.error(
        { others },
        'another replica uses this database, and REDIS_URL is not set: messages take up to a second to reach its ' +
        'sockets, and limits are counted apart. Set REDIS_URL, the same for all replicas, or run one replica'
      )
    }
    if (!wasAlone && this.#isAlone) this.#log.info({}, 'no other replica uses this database any more')
  }
}
