/** Expressions that several queries share. */
import { type Placeholder, type SQL, sql, type SQLWrapper } from 'drizzle-orm'

const LISTS = { bigint: sql`bigint[]`, uuid: sql`uuid[]` }

/** The current time. Stored times are compared with the clock of the database alone: those of replicas differ. */
export const NOW = sql`now()`

/** The time so many milliseconds from now; in the past when they are negative. */
export function after (ms: number): SQL {
  return sql`now() + ${ms}::float8 * interval '1 millisecond'`
}

/** The milliseconds from one time to another; null when there is none of them. */
export function msBetween<Result extends number | null> (from: SQLWrapper, to: SQLWrapper): SQL<Result> {
  return sql<Result>`(extract(epoch from ${to} - ${from}) * 1000)::float8`
}

/**
 * Whether a column has one of the values of a list.
 * @param list an array literal of Postgres, `{1,2,3}`
 * @param type type of the values
 */
export function inList (column: SQLWrapper, list: string | Placeholder, type: keyof typeof LISTS): SQL {
  // With `= any (list)` the list would be parsed again for each row of a table that is small enough for a sequential
  // scan.
  return sql`${column} in (select unnest(${list}::text::${LISTS[type]}))`
}
