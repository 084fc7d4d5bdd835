/** The database port: Drizzle's own type on a pool of connections to Postgres (`postgres/`). */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { EpochSource } from './postgres/epoch-fence.ts'
import type * as schema from './schema.ts'

/** A handle that queries can be run on: the whole database or one transaction of it. */
export type Orm = PgDatabase<PgQueryResultHKT, typeof schema>

/** An open database. */
export type Database = {
  readonly orm: Orm
  /**
   * The same, for what the {@link EpochSource} itself asks: its results are handed out whichever history they are of.
   */
  readonly unfenced: Orm
  /** From now on a result that may be of another history is withheld until that is known, and fails if it is. */
  fenceBy: (history: EpochSource) => void
  /** What it runs on, for the log: never a credential. */
  readonly description: string
  /** The migrations of this build that the tables lack, oldest first; rejects when the database cannot be reached. */
  missingMigrations: () => Promise<string[]>
  /** Finishes what is under way and closes every connection. */
  close: () => Promise<void>
}
