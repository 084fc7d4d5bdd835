/**
 * The database port: Drizzle's own type, so that every query is written once and runs on each adapter.
 *
 * Adapters: `postgres.ts` (a pool of connections to a server) and `pglite.ts` (Postgres inside this process).
 */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { fileURLToPath } from 'node:url'
import type * as schema from './schema.ts'

/** A handle that queries can be run on: the whole database or one transaction of it. */
export type Orm = PgDatabase<PgQueryResultHKT, typeof schema>

/** An open database whose tables are at the version of this build. */
export type Database = {
  readonly orm: Orm
  /** What it runs on, for the log: never a credential. */
  readonly description: string
  /** Resolves when a query went through; rejects when the database cannot be reached. */
  ping: () => Promise<void>
  /** Finishes what is under way and closes every connection. */
  close: () => Promise<void>
}

/** Folder of the generated SQL migrations; the same from `src` and from `dist`. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url))
