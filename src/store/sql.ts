/** A condition for rows that are named in a long list. */
import { type Placeholder, type SQL, sql, type SQLWrapper } from 'drizzle-orm'

const LISTS = { bigint: sql`bigint[]`, uuid: sql`uuid[]` }

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
