/** Adapter: a pool of connections to a Postgres server. */
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { type Database, MIGRATIONS_FOLDER } from './database.ts'
import * as schema from './schema.ts'

const CONNECT_TIMEOUT_S = 10
const MAX_BACKOFF_S = 1
/** Any number will do, as long as every build of Confab uses the same. */
const MIGRATION_LOCK = 5_123_000_001

/** Where the server is and how to use it. */
export type PostgresOptions = {
  url: string
  /** Connections in the pool. */
  pool: number
  /** Named prepared statements; a transaction pooler that forgets them needs `false`. */
  prepare: boolean
}

/**
 * Connects and brings the tables to the version of this build.
 * @throws when the server cannot be reached or a migration fails
 */
export async function openPostgres (options: PostgresOptions): Promise<Database> {
  await migratePostgres(options)
  const client = connect(options, options.pool)
  return {
    orm: drizzle(client, { schema }),
    description: describe(options.url),
    ping: async () => { await client`select 1` },
    close: () => client.end({ timeout: 5 })
  }
}

/**
 * Runs the migrations that are missing. One replica at a time does: the others wait for the lock, which is bound to a
 * transaction of its own so that it also works through a transaction pooler.
 */
export async function migratePostgres (options: PostgresOptions): Promise<void> {
  const locking = connect(options, 1)
  const migrating = connect(options, 1)
  try {
    await locking.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
      await migrate(drizzle(migrating, { schema }), { migrationsFolder: MIGRATIONS_FOLDER })
    })
  } finally {
    await Promise.all([migrating.end({ timeout: 5 }), locking.end({ timeout: 5 })])
  }
}

function connect (options: PostgresOptions, max: number) {
  return postgres(options.url, {
    max,
    prepare: options.prepare,
    connect_timeout: CONNECT_TIMEOUT_S,
    // The default waits up to 20 s before it tries again, far longer than a restart of Postgres takes.
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, MAX_BACKOFF_S),
    connection: { application_name: 'confab' },
    onnotice: () => undefined
  })
}

function describe (url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `Postgres ${hostname}:${port === '' ? '5432' : port}${pathname}`
}
