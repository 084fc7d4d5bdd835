/** Dumps of databases, as an operator makes and restores them. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { findPostgres } from './postgres-server.ts'
import { runProgram } from './bound-program.ts'
import type { Scope } from '../scope.ts'

/** Dumps a database in the custom format. @returns the file, gone with the scope */
export async function dumpDatabase (t: Scope, url: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-dump-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'dump')
  await runProgram(`${await findPostgres() ?? ''}pg_dump`, ['-Fc', '-f', file, url])
  return file
}

/** Restores a dump. @param options of `pg_restore`, such as `--clean` for a database that has the tables */
export async function restoreDump (file: string, url: string, options: string[] = []): Promise<void> {
  await runProgram(`${await findPostgres() ?? ''}pg_restore`, [...options, '--exit-on-error', '-d', url, file])
}
