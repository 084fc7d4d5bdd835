/** Tables as earlier builds have left them. */
import { mkdtemp, cp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { listMigrations, MIGRATIONS_FOLDER } from '../../../src/store/migrations.ts'
import { isRecord, listAt } from '../data/json.ts'
import type { Scope } from '../scope.ts'

/** The newest migration of release 0.1. */
export const LAST_OF_FIRST_RELEASE = '0005_suspend_accounts'

/** Gives an empty database the tables up to a migration. @param last its tag; by default the newest but one */
export async function layOutOldTables (t: Scope, url: string, last?: string): Promise<void> {
  const tags = (await listMigrations()).map(({ tag }) => tag)
  const count = last === undefined ? tags.length - 1 : tags.indexOf(last) + 1
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-migrations-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(MIGRATIONS_FOLDER, folder, { recursive: true })
  const journal = path.join(folder, 'meta', '_journal.json')
  const known: unknown = JSON.parse(await readFile(journal, 'utf8'))
  const entries = listAt(known, 'entries').slice(0, count)
  await writeFile(journal, JSON.stringify({ ...(isRecord(known) && known), entries }))
  const client = postgres(url, { max: 1, onnotice: () => undefined })
  await migrate(drizzle(client), { migrationsFolder: folder })
  await client.end()
}
