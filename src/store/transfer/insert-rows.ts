/** Inserting many rows by one statement. */
import { type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Orm } from '../database.ts'

const TYPES = {
  bigint: sql`bigint`,
  integer: sql`integer`,
  text: sql`text`,
  boolean: sql`boolean`,
  time: sql`timestamptz`,
  json: sql`jsonb`,
  numbers: sql`bigint[]`
}

/** The columns of rows, by name, and what is in them. */
export type Columns = Readonly<Record<string, keyof typeof TYPES>>

/** Rows with these columns; null where one is missing. `numbers` are an array literal of Postgres. */
export type RowsOf<Of extends Columns> = readonly { readonly [Name in keyof Of]?: unknown }[]

/** Rows in the form of a list in `FROM`, named `row`, with their positions in `ord`. */
export function rowsAs<Of extends Columns> (columns: Of, rows: RowsOf<Of>): SQL {
  const fields = Object.entries(columns).map(([name, type]) => sql`${sql.identifier(name)} ${TYPES[type]}`)
  const names = Object.keys(columns).map((name) => sql.identifier(name))
  return sql`rows from (json_to_recordset(${JSON.stringify(rows)}::text::json) as (${sql.join(fields, sql`, `)}))
    with ordinality as row (${sql.join(names, sql`, `)}, ord)`
}

/** Inserts rows in their order; those of a key that is taken are passed over where that is said. */
export async function insertRows<Of extends Columns> (
  tx: Orm, table: PgTable, columns: Of, rows: RowsOf<Of>, { mayExist = false } = {}
): Promise<void> {
  if (rows.length === 0) return
  const names = sql.join(Object.keys(columns).map((name) => sql.identifier(name)), sql`, `)
  await tx.execute(sql`insert into ${table} (${names}) select ${names} from ${rowsAs(columns, rows)} order by ord
    ${mayExist ? sql`on conflict do nothing` : sql``}`)
}
