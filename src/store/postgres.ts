/** Adapter: a pool of connections to a Postgres server. */
import type { Metrics } from '../metrics/metrics.ts'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import type { Database } from './database.ts'
import { findMissingMigrations, listMigrations, MIGRATIONS_FOLDER } from './migrations.ts'
import { createPostgresSockets, splitHosts } from './postgres-socket.ts'
import { metered } from './query-meter.ts'
import * as schema from './schema.ts'

const CONNECT_TIMEOUT_S = 10
/** Beyond the time a statement has, before a server that says nothing is taken for dead, in milliseconds. */
const SILENCE_MARGIN_MS = 1_000
const MAX_BACKOFF_S = 1
/** Any number will do, as long as every build of Confab uses the same. */
const MIGRATION_LOCK = 5_123_000_001

/** Where the server is and how to use it. Several hosts in the URL are tried in turn. */
export type PostgresOptions = {
  url: string
  /** Connections in the pool. */
  pool: number
  /** Named prepared statements; a transaction pooler that forgets them needs `false`. */
  prepare: boolean
  /** How long a statement, or a transaction that says nothing, may take before the server ends it, in milliseconds. */
  timeoutMs: number
  /** Whether opening runs the migrations that are missing; it does by default. */
  migrate?: boolean
}

/**
 * Connects and, unless told otherwise, brings the tables to the version of this build.
 * @param metrics where queries are counted
 * @throws when the server cannot be reached, a migration fails, or the role may not see which of them were run
 */
export async function openPostgres (options: PostgresOptions, metrics?: Metrics): Promise<Database> {
  if (options.migrate ?? true) await migratePostgres(options)
  const client = connect(options, { max: options.pool, timeoutMs: options.timeoutMs })
  const orm = drizzle(metrics === undefined ? client : metered(client, metrics), { schema })
  const migrations = await listMigrations()
  const missingMigrations = () => findMissingMigrations(orm, migrations)
  try {
    await reach(client, splitHosts(options.url).hosts.length)
    await missingMigrations()
  } catch (error) {
    await client.end({ timeout: 5 })
    throw error
  }
  return { orm, description: describe(options.url), missingMigrations, close: () => client.end({ timeout: 5 }) }
}

/**
 * Runs the migrations that are missing. One replica at a time does: the others wait for the lock, which is bound to a
 * transaction of its own so that it also works through a transaction pooler.
 */
export async function migratePostgres (options: PostgresOptions): Promise<void> {
  const locking = connect(options, { max: 1 })
  const migrating = connect(options, { max: 1 })
  try {
    await reach(locking, splitHosts(options.url).hosts.length)
    await locking.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
      await migrate(drizzle(migrating, { schema }), { migrationsFolder: MIGRATIONS_FOLDER })
    })
  } finally {
    await Promise.all([migrating.end({ timeout: 5 }), locking.end({ timeout: 5 })])
  }
}

/** Makes the first connection, to whichever of the hosts takes it. @throws the last failure */
async function reach (client: postgres.Sql, hosts: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client`select 1`
      return
    } catch (error) {
      if (attempt >= hosts) throw error
    }
  }
}

/** @param bounds without `timeoutMs` a statement has all the time it needs */
function connect (options: PostgresOptions, { max, timeoutMs }: { max: number, timeoutMs?: number }) {
  const { hosts, url } = splitHosts(options.url)
  const settings = {
    max,
    prepare: options.prepare,
    socket: createPostgresSockets(hosts, timeoutMs === undefined ? 0 : timeoutMs + SILENCE_MARGIN_MS),
    connect_timeout: CONNECT_TIMEOUT_S,
    // Nothing here is an array, and nobody would hear of it if the connection ended during this query of the driver's own.
    fetch_types: false,
    // The default waits up to 20 s before it tries again, far longer than a restart of Postgres takes.
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, MAX_BACKOFF_S),
    connection: {
      application_name: 'confab',
      // A pooler that forgets prepared statements refuses settings it does not know: there they belong to the role.
      ...(timeoutMs !== undefined && options.prepare && { statement_timeout: timeoutMs, idle_in_transaction_session_timeout: timeoutMs })
    },
    onnotice: () => undefined
  }
  // `socket` is documented and has no type.
  return postgres(url, settings)
}

function describe (url: string): string {
  const { hosts, url: single } = splitHosts(url)
  return `Postgres ${hosts.map(({ host, port }) => `${host}:${String(port)}`).join()}${new URL(single).pathname}`
}
