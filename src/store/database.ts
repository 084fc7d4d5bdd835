/** The database port: Drizzle's own type on a pool of connections to Postgres (`postgres/`). */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { EpochSource } from './postgres/epoch-fence.ts'
import type * as schema from './schema.ts'

/** A handle for queries: the whole database or one of its transactions. */
export type Orm = PgDatabase<PgQueryResultHKT, typeof schema>

/** An open database. */
export type Database = {
  readonly orm: Orm
  /** The same for the queries of the {@link EpochSource}: results are returned whatever the epoch. */
  readonly unfenced: Orm
  /**
   * From now on withholds results that may belong to another epoch until that is known, and rejects them if they do.
   */
  fenceBy: (history: EpochSource) => void
  /** What it runs on, for the log; contains no credential. */
  readonly description: string
  /** The migrations of this build that the tables lack, oldest first; rejects when the database cannot be reached. */
  missingMigrations: () => Promise<string[]>
  /** Finishes running queries and closes every connection. */
  close: () => Promise<void>
}
