/** The environment of a command: the store and the bus of the replicas, without serving anything. */
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'
import { openRedisBus } from '../bus/redis.ts'
import { ScopedBus } from '../bus/scoped.ts'
import { Closers } from '../lib/closers.ts'
import type { StorageConfig } from '../config/config.ts'
import { type Administration, createAdministration } from '../domain/accounts/administration.ts'
import { createPasswordHasher } from '../domain/accounts/passwords.ts'
import { Sessions } from '../domain/accounts/sessions.ts'
import type { Database } from '../store/database.ts'
import { readIdentity } from '../store/epoch.ts'
import { openStore } from '../store/open.ts'
import { migratePostgres } from '../store/postgres/open.ts'
import { CommandError } from './command-error.ts'

/** No client waits for a command, and it may have to read every message. */
const TIMEOUT_MS = 3_600_000
/** No session is opened here, so the lifetimes are not used. */
const UNUSED_TTLS = { refreshTtlMs: 0, reuseGraceMs: 0 }

/** The store and the bus of the replicas. */
export class AdminContext {
  readonly #config: StorageConfig

  /** @param config where they are; nothing is opened yet */
  constructor (config: StorageConfig) {
    this.#config = config
  }

  /** Runs the missing migrations. */
  async migrate (): Promise<void> {
    const { url, ...options } = this.#config.database
    if (url !== undefined) await migratePostgres({ ...options, url })
    else await (await openStore(this.#config)).close()
  }

  /** Makes an embedded store of that of Confab 0.1. @returns where the old one is, which stays */
  async migrateEmbedded (): Promise<string> {
    const { migrateLegacyStore } = await import('../store/embedded/moving/move.ts')
    return migrateLegacyStore(this.#config)
  }

  /** Moves the embedded store to this version of Postgres. @returns where the old data folder is, which stays */
  async upgradeEmbedded (): Promise<string> {
    const { upgradeCluster } = await import('../store/embedded/moving/move.ts')
    return upgradeCluster(this.#config)
  }

  /**
   * Runs administrative work on accounts, sessions or chats.
   * @param work receives the administration, and whether replicas are notified of its changes at once
   * @throws {CommandError} when the tables are older than this build
   * @throws {FolderInUseError} when a server has the embedded store open
   */
  async administrate<Result>(
    work: (administration: Administration, reachesReplicas: boolean) => Promise<Result>
  ): Promise<Result> {
    const config = this.#config
    const closers = new Closers()
    try {
      const database = await openDatabase(config)
      closers.add(() => database.close())
      const missing = await database.missingMigrations()
      if (missing.length > 0) throw new CommandError(`The tables lack ${missing.join(', ')}: run confab migrate first.`)
      const { scope } = await readIdentity(database.orm)
      const bus = new ScopedBus(await openBus(config), () => scope)
      closers.add(() => bus.close())
      const sessions = new Sessions({ orm: database.orm, bus, ...UNUSED_TTLS })
      const passwords = await createPasswordHasher(config.hashing)
      return await work(
        createAdministration({ orm: database.orm, sessions, passwords }),
        config.database.url === undefined || (config.redis !== undefined && bus.isUp)
      )
    } finally {
      await closers.close()
    }
  }
}

async function openDatabase (config: StorageConfig): Promise<Database> {
  return openStore({ ...config, database: { ...config.database, pool: 1, timeoutMs: TIMEOUT_MS, migrate: false } })
}

async function openBus ({ redis }: StorageConfig): Promise<Bus> {
  return redis === undefined ? createMemoryBus() : openRedisBus({ ...redis, log: { warn: () => undefined } })
}
