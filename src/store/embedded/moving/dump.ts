/**
 * A dump: the rows of a store in a folder, one file per table and one line of JSON per row, which every version of
 * Postgres can write and read. It contains no tables: the migrations that the store had create them.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'

/** Pages of 8 KiB that are read at once, which bounds the memory used. */
const PAGES_AT_ONCE = 1_024

const TableSchema = Type.Object({ name: Type.String(), columns: Type.Array(Type.String()) })
const SequenceSchema = Type.Object({ name: Type.String(), last: Type.String(), isUsed: Type.Boolean() })

/** The contents of a dump. `migration` is the creation time of its newest migration, in milliseconds. */
export const ManifestSchema = Type.Object({
  migration: Type.Integer(),
  tables: Type.Array(TableSchema),
  sequences: Type.Array(SequenceSchema)
})
export type Manifest = Static<typeof ManifestSchema>

/** Runs a query on the store to dump, which no other process uses. @returns its rows */
export type DumpSource = (sql: string) => Promise<unknown[]>

/** The file of a dump that lists its contents. */
export const MANIFEST_FILE = 'manifest.json'

/** The file of a table. */
export function tableFile (folder: string, table: string): string {
  return path.join(folder, `${table}.jsonl`)
}

/** Quotes a name for SQL. */
export function quote (name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Writes a dump. @param folder is created; it contains secrets @throws the errors of the source */
export async function writeDump (source: DumpSource, folder: string): Promise<Manifest> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const manifest = {
    migration: await readMigration(source),
    tables: await listTables(source),
    sequences: await listSequences(source)
  }
  for (const table of manifest.tables) {
    const file = createWriteStream(tableFile(folder, table.name), { mode: 0o600 })
    await pipeline(Readable.from(readTable(source, table)), file)
  }
  await writeFile(path.join(folder, MANIFEST_FILE), JSON.stringify(manifest), { mode: 0o600 })
  return manifest
}

async function readMigration (source: DumpSource): Promise<number> {
  const rows = await source('select max(created_at)::text as migration from drizzle.__drizzle_migrations')
  const [row] = Value.Parse(Type.Array(Type.Object({ migration: Type.String() })), rows)
  return Number(row?.migration)
}

async function listTables (source: DumpSource): Promise<Manifest['tables']> {
  const rows = await source(`
    select relname::text as name, json_agg(attname::text order by attnum) as columns
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'public'::regnamespace and relkind = 'r'
      and attnum > 0 and not attisdropped and attgenerated = ''
    group by relname order by relname`)
  return Value.Parse(Type.Array(TableSchema), rows)
}

/** An unused sequence continues with its first value, others with the one after the last. */
async function listSequences (source: DumpSource): Promise<Manifest['sequences']> {
  const rows = await source(`
    select sequencename::text as name, coalesce(last_value, start_value)::text as last,
      last_value is not null as "isUsed"
    from pg_sequences where schemaname = 'public' order by sequencename`)
  return Value.Parse(Type.Array(SequenceSchema), rows)
}

async function * readTable (source: DumpSource, { name, columns }: Manifest['tables'][number]) {
  const sized = await source(`select (pg_relation_size('public.${quote(name)}') / 8192)::int as pages`)
  const pages = Value.Parse(Type.Array(Type.Object({ pages: Type.Integer() })), sized)[0]?.pages ?? 0
  for (let first = 0; first < pages; first += PAGES_AT_ONCE) {
    const rows = await source(`
      select row_to_json(picked)::text as line
      from (
        select ${columns.map(quote).join()} from public.${quote(name)}
        where ctid >= '(${String(first)},0)' and ctid < '(${String(first + PAGES_AT_ONCE)},0)'
      ) as picked`)
    yield Value.Parse(Type.Array(Type.Object({ line: Type.String() })), rows).map(({ line }) => `${line}\n`).join('')
  }
}
