/** The embedded store: a Postgres server of this process' own, with no port, which lives and ends with it. */
import { mkdir } from 'node:fs/promises'
import { openCluster } from './cluster-folder.ts'
import { lockFolder } from './folder-lock.ts'
import { refuseLegacyStore } from './legacy-store.ts'
import { type EmbeddedPostgres, serveCluster, type ServeOptions } from './serve-cluster.ts'

export type { EmbeddedPostgres } from './serve-cluster.ts'
export type { EmbeddedLog } from './supervisor.ts'

/** Where it is and how it runs. */
export type EmbeddedOptions = ServeOptions & {
  /** `DATA_DIR`: the data folder is `postgres` in it. It is made if it is not there. */
  dataDir: string
  /** `PATH`, on which Postgres is looked for if the package for this platform is not installed. */
  searchPath?: string | undefined
}

/**
 * Starts it on the data folder in `dataDir`, which is made at the first start, and starts it again whenever it crashes.
 * @throws {FolderInUseError} when another process has it open
 * @throws {EmbeddedStoreError} when it cannot be made or opened
 */
export async function startEmbeddedPostgres (options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const unlock = await lockDataDir(options.dataDir)
  try {
    await refuseLegacyStore(options.dataDir)
    const server = await serveCluster(await openCluster(options.dataDir, options), options)
    return { ...server, stop: () => server.stop().finally(unlock) }
  } catch (error) {
    await unlock()
    throw error
  }
}

/**
 * Makes a `DATA_DIR` this process' own.
 * @returns gives it free
 * @throws {FolderInUseError} when another process has it open
 */
export async function lockDataDir (dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  return lockFolder(dataDir)
}
