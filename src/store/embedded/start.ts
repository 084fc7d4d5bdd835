/** The embedded store: a Postgres server of this process, without a TCP port, which starts and stops with it. */
import { mkdir } from 'node:fs/promises'
import { openCluster } from './cluster-folder.ts'
import { lockFolder } from './folder-lock.ts'
import { refuseLegacyStore } from './legacy-store.ts'
import { type EmbeddedPostgres, serveCluster, type ServeOptions } from './serve-cluster.ts'

export type { EmbeddedPostgres } from './serve-cluster.ts'
export type { EmbeddedLog } from './supervisor.ts'

/** Where it is and how it runs. */
export type EmbeddedOptions = ServeOptions & {
  /** `DATA_DIR`, with the data folder `postgres` in it; created if it does not exist. */
  dataDir: string
  /** `PATH`, in which Postgres is searched if the package for this platform is not installed. */
  searchPath?: string | undefined
}

/**
 * Starts it on the data folder in `dataDir`, which is created at the first start, and restarts it after a crash.
 * @throws {FolderInUseError} when another process uses it
 * @throws {EmbeddedStoreError} when it cannot be created or opened
 */
export async function startEmbeddedPostgres (options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const unlock = await lockDataDir(options.dataDir)
  try {
    await refuseLegacyStore(options.dataDir)
    const server = await serveCluster(await openCluster(options.dataDir, options), options)
    const stop = async () => {
      try {
        await server.stop()
      } finally {
        await unlock()
      }
    }
    return { ...server, stop }
  } catch (error) {
    await unlock()
    throw error
  }
}

/**
 * Locks a `DATA_DIR` for this process.
 * @returns a function that releases it
 * @throws {FolderInUseError} when another process uses it
 */
export async function lockDataDir (dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  return lockFolder(dataDir)
}
