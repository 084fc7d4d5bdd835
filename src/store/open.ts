/** Opens the configured store: a Postgres server, or an embedded one. */
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Database } from './database.ts'
import { type EmbeddedLog, type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/start.ts'
import { openPostgres, type PostgresOptions } from './postgres/open.ts'

/** Where the store is: without `url` it is embedded in `dataDir`. */
export type StoreSettings = {
  database: Omit<PostgresOptions, 'url'> & { url: string | undefined }
  dataDir: string
  searchPath: string | undefined
}

/**
 * Opens the store and, by default, migrates the tables to the version of this build. An embedded store is always
 * migrated, since no other process does that, and stops when the store is closed.
 * @param deps.metrics where queries are counted
 * @param deps.log where an embedded server reports
 * @throws when a server cannot be reached, a migration fails, or an embedded one cannot be started
 */
export async function openStore (
  { database, dataDir, searchPath }: StoreSettings,
  deps: { metrics?: Metrics | undefined, log?: EmbeddedLog | undefined } = {}
): Promise<Database> {
  const { url, ...options } = database
  if (url !== undefined) return openPostgres({ ...options, url }, deps.metrics)
  const server = await startEmbeddedPostgres({ dataDir, connections: options.pool, searchPath, log: deps.log })
  try {
    const settings = { ...options, url: server.url, prepare: true, migrate: true }
    return endingWith(await openPostgres(settings, deps.metrics), server)
  } catch (error) {
    await server.stop()
    throw error
  }
}

function endingWith (database: Database, { description, stop }: EmbeddedPostgres): Database {
  return {
    ...database,
    description,
    close: async () => {
      await database.close()
      await stop()
    }
  }
}
