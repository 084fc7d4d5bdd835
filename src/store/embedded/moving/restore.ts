/** Loads a dump into a new store. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { TransactionSql } from 'postgres'
import Value from 'typebox/value'
import { copyMigrations, listMigrations } from '../../migrations.ts'
import { migratePostgres } from '../../postgres/open.ts'
import { EmbeddedStoreError } from '../errors.ts'
import type { EmbeddedPostgres } from '../serve-cluster.ts'
import { connectTo } from './client.ts'
import { MANIFEST_FILE, type Manifest, ManifestSchema, quote, tableFile } from './dump.ts'

/** Size of the rows that are written at once, in bytes, which bounds the memory used. */
const BYTES_AT_ONCE = 1_048_576

/**
 * Creates the tables as they were when the dump was written, and fills them, all at once or not at all. Later
 * migrations run when the store is opened.
 * @param folder a dump
 * @param server has an empty store
 * @throws {EmbeddedStoreError} when the dump was written by a newer build
 */
export async function restoreDump (folder: string, { url, superuserUrl }: EmbeddedPostgres): Promise<void> {
  const manifest = Value.Parse(ManifestSchema, JSON.parse(await readFile(path.join(folder, MANIFEST_FILE), 'utf8')))
  const migrations = await listMigrations()
  if (!migrations.some(({ when }) => when === manifest.migration)) {
    throw new EmbeddedStoreError('The store was written by a newer version of Confab: move it with that one.')
  }
  const migrationsFolder = path.join(folder, 'migrations')
  await copyMigrations(manifest.migration, migrationsFolder)
  await migratePostgres({ url, pool: 1, prepare: true, timeoutMs: 0 }, migrationsFolder)
  const client = connectTo(superuserUrl)
  try {
    await client.begin((transaction) => fill(transaction, folder, manifest))
    await client.unsafe('analyze')
  } finally {
    await client.end()
  }
}

async function fill (transaction: TransactionSql, folder: string, { tables, sequences }: Manifest): Promise<void> {
  // Rows arrive table by table: referenced rows may come later, and rows that triggers would create are included.
  await transaction.unsafe('set local session_replication_role = replica')
  // Migrations may have inserted rows.
  await transaction.unsafe(`truncate ${tables.map(({ name }) => nameOf(name)).join()}`)
  for (const { name, columns } of tables) {
    const list = columns.map(quote).join()
    const statement = `
      insert into ${nameOf(name)} (${list}) overriding system value
      select ${list} from json_populate_recordset(null::${nameOf(name)}, $1::text::json)`
    for await (const lines of readLines(tableFile(folder, name))) {
      await transaction.unsafe(statement, [`[${lines.join()}]`])
    }
  }
  for (const { name, last, isUsed } of sequences) {
    await transaction.unsafe('select setval($1::regclass, $2::bigint, $3::boolean)', [nameOf(name), last, isUsed])
  }
}

/** The lines of a file, several at a time. `readline` would also split at other line separators within a line. */
async function * readLines (file: string): AsyncGenerator<string[]> {
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: BYTES_AT_ONCE })) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (lines.length > 0) yield lines
  }
}

function nameOf (relation: string): string {
  return `public.${quote(relation)}`
}
