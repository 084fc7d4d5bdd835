/** The Postgres of a test run: one embedded server for all of it, in which each test has a database of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { FolderInUseError } from '../../../src/store/embedded/errors.ts'
import { startEmbeddedPostgres } from '../../../src/store/embedded/start.ts'
import { ROOT, freePort } from './process.ts'
import type { Scope } from '../scope.ts'

/** Kept from one run to the next: making it takes more than a second. */
const FOLDER = path.join(ROOT, 'node_modules', '.cache', 'confab-tests', 'engine')
/** Enough for all workers, each with a few servers of three replicas. */
const CONNECTIONS = 200

/** Starts the server, which ends with the scope; data in it may be lost. @returns its URL, for a superuser */
export async function startEngine (scope: Scope): Promise<string> {
  try {
    return await startIn(scope, FOLDER)
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error
  }
  // Another run of this checkout goes on at the same time.
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-test-engine-'))
  scope.teardown(() => rm(folder, { recursive: true, force: true }))
  return startIn(scope, folder)
}

async function startIn (scope: Scope, dataDir: string): Promise<string> {
  const loopbackPort = await freePort()
  const engine = await startEmbeddedPostgres({ dataDir, connections: CONNECTIONS, fsync: false, loopbackPort })
  scope.teardown(() => engine.stop())
  return engine.superuserUrl
}

/** The URL of the run's server. @throws when this process does not belong to a run */
export function engineUrl (): string {
  const { TEST_ENGINE_URL: url } = process.env
  if (url === undefined) throw new Error('This test needs the Postgres of a run: start it by npm test -- <name>.')
  return url
}
