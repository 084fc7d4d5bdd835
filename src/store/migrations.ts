/** The migrations that the tables have, and those that this build needs. */
import { sql } from 'drizzle-orm'
import { cp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import Type from 'typebox'
import Value from 'typebox/value'
import type { Orm } from './database.ts'
import { isUndefinedTable } from './postgres/failures.ts'

/** Folder of the generated SQL migrations; the same from `src` and from `dist`. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url))

const JOURNAL = path.join('meta', '_journal.json')
const Journal = Type.Object({ entries: Type.Array(Type.Object({ tag: Type.String(), when: Type.Integer() })) })

/** A migration of this build; they are ordered by `when`, the time of creation in milliseconds. */
export type Migration = { tag: string, when: number }

/** The migrations of this build, oldest first. */
export async function listMigrations (): Promise<Migration[]> {
  return Value.Parse(Journal, JSON.parse(await readFile(path.join(MIGRATIONS_FOLDER, JOURNAL), 'utf8'))).entries
}

/**
 * Writes the migrations of this build up to one of them into a folder, for Drizzle's migrator.
 * @param last creation time of the last one
 * @param folder is created
 */
export async function copyMigrations (last: number, folder: string): Promise<void> {
  await cp(MIGRATIONS_FOLDER, folder, { recursive: true })
  const file = path.join(folder, JOURNAL)
  const journal = Value.Parse(Journal, JSON.parse(await readFile(file, 'utf8')))
  const entries = journal.entries.filter(({ when }) => when <= last)
  await writeFile(file, JSON.stringify({ ...journal, entries }))
}

/**
 * The names of the migrations that the tables lack, oldest first. The tables may also be newer than this build: later
 * migrations only add, until no running build needs what they replace.
 */
export async function findMissingMigrations (orm: Orm, migrations: readonly Migration[]): Promise<string[]> {
  const last = await lastMigration(orm)
  return migrations.filter(({ when }) => when > last).map(({ tag }) => tag)
}

/** Creation time of the newest applied migration, from the table of Drizzle's migrator. */
async function lastMigration (orm: Orm): Promise<number> {
  try {
    const [row] = await orm
      .select({ when: sql<string | null>`max(created_at)::text` })
      .from(sql`drizzle.__drizzle_migrations`)
    return Number(row?.when ?? 0)
  } catch (error) {
    if (isUndefinedTable(error)) return 0
    throw error
  }
}
