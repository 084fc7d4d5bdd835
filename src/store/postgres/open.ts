/** Adapter: a pool of connections to a Postgres server. */
import type { Metrics } from '../../observability/metrics/metrics.ts'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import type { Database } from '../database.ts'
import { findMissingMigrations, listMigrations, MIGRATIONS_FOLDER } from '../migrations.ts'
import { EpochFence } from './epoch-fence.ts'
import { describePostgres, parsePostgresUrl, type PostgresAddress } from './address.ts'
import { PostgresPool, type QueryRunner } from './pool.ts'
import { PostgresSockets } from './socket.ts'
import { StartupSettings } from './startup-settings.ts'
import { meterQuery } from './query-meter.ts'
import * as schema from '../schema.ts'
import { StallDetector } from './stall-detector.ts'

/** Time in milliseconds, beyond the statement timeout, after which a silent server counts as dead. */
const SILENCE_MARGIN_MS = 1_000
/** An arbitrary number, the same in every build of Confab. */
const MIGRATION_LOCK = 5_123_000_001

/** Where the server is and how to use it. Several hosts in the URL are tried in turn. */
export type PostgresOptions = {
  url: string
  /** Certificates of the authorities to trust: a file, or PEM text; used unless the URL has `sslrootcert`. */
  ca?: string | undefined
  /** The number of this replica, by which others recognise its connections; commands have none. */
  replica?: string | undefined
  /** Connections in the pool. */
  pool: number
  /** Named prepared statements; a transaction pooler that forgets them needs `false`. */
  prepare: boolean
  /** Time in milliseconds after which the server ends a statement, or an idle transaction. */
  timeoutMs: number
  /** Whether opening runs the missing migrations; true by default. */
  migrate?: boolean
}

/**
 * Connects and, by default, migrates the tables to the version of this build.
 * @param metrics where queries are counted
 * @throws when the server cannot be reached, a migration fails, or the role may not read the table of migrations
 */
export async function openPostgres (options: PostgresOptions, metrics?: Metrics): Promise<Database> {
  if (options.migrate ?? true) await migratePostgres(options)
  const address = parsePostgresUrl(options.url, options.ca)
  const sockets = new PostgresSockets(address)
  const pool = createPool(address, sockets, { ...options, max: options.pool })
  const silence = new StallDetector(sockets, options.timeoutMs + SILENCE_MARGIN_MS)
  const guard = new EpochFence(() => sockets.answered)
  const watched: QueryRunner = async (statement, work) => {
    const answered = silence.begin()
    const metered = metrics === undefined ? undefined : meterQuery(statement, metrics)
    return pool.run(statement, work).finally(() => {
      answered()
      metered?.()
    })
  }
  const guarded: QueryRunner = async (statement, work) => {
    const pass = guard.begin()
    return pass(await watched(statement, work))
  }
  const orm = drizzle(pool.client(guarded), { schema })
  const migrations = await listMigrations()
  const missingMigrations = () => findMissingMigrations(orm, migrations)
  const close = async () => {
    await pool.close()
    silence.stop()
  }
  try {
    await missingMigrations()
  } catch (error) {
    await close()
    throw error
  }
  return {
    orm,
    unfenced: drizzle(pool.client(watched), { schema }),
    fenceBy: (history) => guard.follow(history),
    description: describePostgres(address),
    missingMigrations,
    close
  }
}

/**
 * Runs the missing migrations. One replica does it at a time: the others wait for an advisory lock, which is bound to a
 * transaction of its own so that it also works through a transaction pooler.
 * @param folder the migrations, if not all those of this build
 */
export async function migratePostgres (options: PostgresOptions, folder = MIGRATIONS_FOLDER): Promise<void> {
  const address = parsePostgresUrl(options.url, options.ca)
  const sockets = new PostgresSockets(address)
  const open = () => createPool(address, sockets, { prepare: options.prepare, max: 1 })
  const [locking, migrating] = [open(), open()]
  try {
    // A role that may only read and write rows can start a replica where there is nothing to do.
    const isComplete = folder === MIGRATIONS_FOLDER &&
      (await findMissingMigrations(drizzle(locking.client(), { schema }), await listMigrations())).length === 0
    if (isComplete) return
    await drizzle(locking.client()).transaction(async (transaction) => {
      await transaction.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
      await migrate(drizzle(migrating.client(), { schema }), { migrationsFolder: folder })
    })
  } finally {
    await Promise.all([migrating.close(), locking.close()])
  }
}

/** Creates a pool of `max` connections. Without `timeoutMs` statements have no time limit. */
function createPool (
  address: PostgresAddress,
  sockets: PostgresSockets,
  options: { prepare: boolean, max: number, timeoutMs?: number, replica?: string | undefined }
): PostgresPool {
  const { prepare, max, timeoutMs, replica } = options
  const startup = new StartupSettings({ ...address, timeoutMs, replica })
  return new PostgresPool({ address, sockets, startup, prepare, max, attempts: address.hosts.length })
}
