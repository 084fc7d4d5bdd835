/** Adapter: a pool of connections to a Postgres server. */
import type { Metrics } from '../../observability/metrics/metrics.ts'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import type { Database } from '../database.ts'
import { findMissingMigrations, listMigrations, MIGRATIONS_FOLDER } from '../migrations.ts'
import { EpochFence } from './epoch-fence.ts'
import { PostgresPool, type QueryRunner } from './pool.ts'
import { PostgresSockets, splitHosts } from './socket.ts'
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
  const sockets = new PostgresSockets(splitHosts(options.url).hosts)
  const pool = createPool(options, sockets, { max: options.pool, timeoutMs: options.timeoutMs })
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
    description: describe(options.url),
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
  const sockets = new PostgresSockets(splitHosts(options.url).hosts)
  const [locking, migrating] = [createPool(options, sockets, { max: 1 }), createPool(options, sockets, { max: 1 })]
  try {
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
  { url, prepare }: PostgresOptions,
  sockets: PostgresSockets,
  { max, timeoutMs }: { max: number, timeoutMs?: number }
): PostgresPool {
  const { hosts, url: single } = splitHosts(url)
  const connection = {
    application_name: 'confab',
    // A pooler that forgets prepared statements also refuses unknown startup parameters: there the role has to set
    // them.
    ...(timeoutMs !== undefined &&
      prepare && { statement_timeout: timeoutMs, idle_in_transaction_session_timeout: timeoutMs })
  }
  return new PostgresPool({ url: single, sockets, settings: { prepare, connection }, max, attempts: hosts.length })
}

function describe (url: string): string {
  const { hosts, url: single } = splitHosts(url)
  return `Postgres ${hosts.map(({ host, port }) => `${host}:${String(port)}`).join()}${new URL(single).pathname}`
}
