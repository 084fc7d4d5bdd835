/** The environment of a command: the store and the bus of the replicas, without serving anything. */
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'
import { openRedisBus } from '../bus/redis.ts'
import { ScopedBus } from '../bus/scoped.ts'
import { waitForPostgres } from '../preflight/wait-for-postgres.ts'
import { publishToUser } from '../realtime/user-events.ts'
import { describeFinding } from '../lib/finding.ts'
import type { FileStorage } from '../files/files.ts'
import { openFileStorage } from '../files/open-storage.ts'
import { Closers } from '../lib/closers.ts'
import type { StorageConfig } from '../config/config.ts'
import { type Administration, createAdministration } from '../domain/accounts/administration.ts'
import { createPasswordHasher } from '../domain/accounts/passwords.ts'
import { signTrialToken, type UserTokenSettings } from '../integrations/user-tokens/user-tokens.ts'
import { publishInvalidation } from '../domain/invalidations.ts'
import { SECRETS_PURPOSE } from '../domain/webhooks/target.ts'
import { createWebhooks, type Webhooks } from '../domain/webhooks/webhooks.ts'
import { OutboundClient } from '../integrations/outbound/outbound-client.ts'
import { SealedTexts } from '../lib/sealed-texts.ts'
import { Sessions } from '../domain/accounts/sessions.ts'
import type { Database, Orm } from '../store/database.ts'
import { readIdentity } from '../store/epoch.ts'
import { UNLIMITED } from '../rate-limits/rate-limiter.ts'
import { openStore } from '../store/open.ts'
import { atOnce } from '../store/unit-of-work.ts'
import { migratePostgres } from '../store/postgres/open.ts'
import { CommandError } from './command-error.ts'

/** No client waits for a command, and it may have to read every message. */
const TIMEOUT_MS = 3_600_000
/** No session is opened here, so the lifetimes are not used. */
const UNUSED_TTLS = { refreshTtlMs: 0, maxAgeMs: 0, reuseGraceMs: 0 }

/** The store and the bus of the replicas. */
export class AdminContext {
  readonly #load: () => StorageConfig
  #loaded: StorageConfig | undefined

  /** @param load reads where they are, when that is needed; nothing is opened yet */
  constructor (load: () => StorageConfig) {
    this.#load = load
  }

  get #config (): StorageConfig {
    return (this.#loaded ??= this.#load())
  }

  /**
   * Runs the missing migrations.
   * @param say receives what is waited for
   * @throws {PreconditionError} when the database does not serve in time, or is not fit for this build
   */
  async migrate (say: (line: string) => void): Promise<void> {
    const { url, ...options } = this.#config.database
    if (url === undefined) {
      await (await openStore(this.#config)).close()
      return
    }
    const warnings = await waitForPostgres({ ...options, url, migrate: true }, { onChange: ({ text }) => say(text) })
    for (const warning of warnings) say(describeFinding(warning))
    await migratePostgres({ ...options, url })
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
   * Signs a token as the application would.
   * @param lifeMs its lifetime in milliseconds
   * @throws {CommandError} without a secret
   */
  signUserToken (userId: string, lifeMs: number): string {
    const settings: UserTokenSettings = this.#config.userTokens
    if (settings.secrets.length === 0)
      throw new CommandError('USER_TOKEN_SECRET is not set: set it here and for the server.')
    return signTrialToken(userId, settings, lifeMs)
  }

  /** Runs work on the tables. @throws {CommandError} as {@link administrate} */
  async withStore<Result>(work: (orm: Orm) => Promise<Result>): Promise<Result> {
    const closers = new Closers()
    try {
      return await work((await openCurrent(this.#config, closers)).orm)
    } finally {
      await closers.close()
    }
  }

  /** Opens the storage of files. @throws {CommandError} where files are off */
  async openFiles (): Promise<FileStorage> {
    const storage = await openFileStorage(this.#config.readFileSettings())
    if (storage === undefined)
      throw new CommandError('Files are off here: set FILES and what belongs to it, as for the server.')
    return storage
  }

  /**
   * Runs work on the webhooks. Replicas learn of changes at once, or at their next look without Redis.
   * @throws {CommandError} as {@link administrate}, and without the key that their secrets are encrypted with
   */
  async withWebhooks<Result>(work: (webhooks: Webhooks) => Promise<Result>): Promise<Result> {
    const { readKeys, areWebhooksPrivate: isPrivateAllowed } = this.#config
    const keys = readKeys()
    if (keys.length === 0) throw new CommandError('JWT_SECRET is not set: set it here as for the server.')
    const closers = new Closers()
    try {
      const { database: { orm }, bus } = await this.#open(closers)
      const outbound = new OutboundClient({ isPrivateAllowed })
      closers.add(() => outbound.close())
      return await work(createWebhooks({
        orm,
        afterCommit: atOnce,
        sealed: new SealedTexts(keys, SECRETS_PURPOSE),
        isPrivateAllowed,
        outbound,
        onChanged: () => publishInvalidation(bus, { type: 'webhooks_changed' })
      }))
    } finally {
      await closers.close()
    }
  }

  /**
   * Runs work on the tables that changes the chats of users.
   * @param work tells with its second parameter whose, after the commit
   * @throws {CommandError} as {@link administrate}
   */
  async withUsers<Result>(work: (orm: Orm, announce: (userIds: readonly number[]) => void) => Promise<Result>):
  Promise<Result> {
    const closers = new Closers()
    try {
      const { database: { orm }, bus } = await this.#open(closers)
      return await work(orm, (userIds) => {
        for (const userId of userIds) publishToUser(bus, userId, { type: 'chats_changed' })
      })
    } finally {
      await closers.close()
    }
  }

  /** Opens the store and the bus. */
  async #open (closers: Closers): Promise<{ database: Database, bus: Bus }> {
    const database = await openCurrent(this.#config, closers)
    const { scope } = await readIdentity(database.orm)
    const bus = new ScopedBus(await openBus(this.#config), () => scope)
    closers.add(() => bus.close())
    return { database, bus }
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
      const { database, bus } = await this.#open(closers)
      const sessions = new Sessions({ orm: database.orm, bus, rates: UNLIMITED, ...UNUSED_TTLS })
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

/** Opens the store. @throws {CommandError} when its tables are older than this build */
async function openCurrent (config: StorageConfig, closers: Closers): Promise<Database> {
  const database = await openDatabase(config)
  closers.add(() => database.close())
  const missing = await database.missingMigrations()
  if (missing.length > 0) throw new CommandError(`The tables lack ${missing.join(', ')}: run confab migrate first.`)
  return database
}

async function openDatabase (config: StorageConfig): Promise<Database> {
  return openStore({ ...config, database: { ...config.database, pool: 1, timeoutMs: TIMEOUT_MS, migrate: false } })
}

async function openBus ({ redis }: StorageConfig): Promise<Bus> {
  return redis === undefined ? createMemoryBus() : openRedisBus({ ...redis, log: { warn: () => undefined } })
}
