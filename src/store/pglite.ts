/**
 * Adapter: Postgres inside this process (PGlite), for one replica without a database server.
 *
 * It has a single connection and survives a killed process, but not a power cut: it never calls fsync.
 */
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { lockFolder } from './embedded/folder-lock.ts'
import type { Database } from './database.ts'
import { findMissingMigrations, listMigrations, MIGRATIONS_FOLDER } from './migrations.ts'
import * as schema from './schema.ts'

/**
 * Opens the store in a folder, creating it at the first start, and brings its tables to the version of this build.
 * @param folder where the data lives; without it the store is in memory and gone at the end
 * @throws {FolderInUseError} when another process has the folder open
 */
export async function openPglite (folder?: string): Promise<Database> {
  if (folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 })
  const unlock = folder === undefined ? undefined : await lockFolder(folder)
  try {
    const client = await PGlite.create(folder === undefined ? {} : { dataDir: path.join(folder, 'store') })
    const orm = drizzle(client, { schema })
    await migrate(orm, { migrationsFolder: MIGRATIONS_FOLDER })
    const migrations = await listMigrations()
    return {
      orm,
      unfenced: orm,
      // Nobody else can have written to it.
      fenceBy: () => undefined,
      description: folder === undefined ? 'embedded store in memory' : `embedded store in ${folder}`,
      missingMigrations: () => findMissingMigrations(orm, migrations),
      close: async () => {
        await client.close()
        await unlock?.()
      }
    }
  } catch (error) {
    await unlock?.()
    throw error
  }
}
