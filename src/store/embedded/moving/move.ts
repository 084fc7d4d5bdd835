/** Moves data into a new embedded store: from Confab 0.1, or from an earlier major version of Postgres. */
import { mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { findBinaries, type PostgresBinaries } from '../binaries.ts'
import {
  CLUSTER_NAME, type ClusterOptions, identityFor, locateCluster, openCluster, readMajorVersion
} from '../cluster-folder.ts'
import { EmbeddedStoreError } from '../errors.ts'
import { hasLegacyStore, legacyStoreIn } from '../legacy-store.ts'
import { serveCluster } from '../serve-cluster.ts'
import { lockDataDir } from '../start.ts'
import { connectTo } from './client.ts'
import { type DumpSource, writeDump } from './dump.ts'
import { findOlderBinaries } from './older-binaries.ts'
import { withLegacyStore } from './pglite.ts'
import { restoreDump } from './restore.ts'

/** Name of the new data folder until it is complete. */
const UNFINISHED_NAME = `${CLUSTER_NAME}.moving`

/** Where the store is, and how to find programs. */
export type MoveOptions = Pick<ClusterOptions, 'searchPath'> & { dataDir: string }

/**
 * Converts the embedded store of Confab 0.1, which stays unchanged.
 * @returns path of the old store
 * @throws {EmbeddedStoreError} when there is none, or it was converted already
 */
export async function migrateLegacyStore (options: MoveOptions): Promise<string> {
  const { dataDir } = options
  const store = legacyStoreIn(dataDir)
  return exclusively(dataDir, async (workFolder) => {
    if (!await hasLegacyStore(dataDir)) throw new EmbeddedStoreError(`${dataDir} holds no store of Confab 0.1.`)
    if (await readMajorVersion(await locateCluster(dataDir)) !== undefined) {
      throw new EmbeddedStoreError(`${dataDir} has an embedded store of this version already.`)
    }
    await withLegacyStore(store, workFolder, (source) => fillNewCluster(source, workFolder, options))
    await rename(path.join(dataDir, UNFINISHED_NAME), path.join(dataDir, CLUSTER_NAME))
    return store
  })
}

/**
 * Moves the embedded store to the available version of Postgres. The old data folder stays, under another name.
 * @returns path of the old data folder
 * @throws {EmbeddedStoreError} when there is nothing to do, or no programs of the old version can be found
 */
export async function upgradeCluster (options: MoveOptions): Promise<string> {
  const { dataDir } = options
  return exclusively(dataDir, async (workFolder) => {
    const folder = await locateCluster(dataDir)
    const major = await readMajorVersion(folder)
    const current = await findBinaries({ workFolder: dataDir, searchPath: options.searchPath })
    if (major === undefined) throw new EmbeddedStoreError(`${dataDir} has no embedded store.`)
    if (major === current.major) {
      throw new EmbeddedStoreError(`The embedded store is at PostgreSQL ${String(major)}: there is nothing to do.`)
    }
    const binaries = await findOlderBinaries(major, { workFolder, searchPath: options.searchPath })
    await withCluster(folder, binaries, (source) => fillNewCluster(source, workFolder, options))
    const old = path.join(dataDir, `${CLUSTER_NAME}-${String(major)}`)
    await rename(path.join(dataDir, CLUSTER_NAME), old)
    await rename(path.join(dataDir, UNFINISHED_NAME), path.join(dataDir, CLUSTER_NAME))
    return old
  })
}

/** Runs work while no server runs, with a temporary folder. */
async function exclusively<Result> (dataDir: string, work: (workFolder: string) => Promise<Result>): Promise<Result> {
  const unlock = await lockDataDir(dataDir)
  const workFolder = await mkdtemp(path.join(dataDir, 'moving-'))
  try {
    return await work(workFolder)
  } finally {
    await rm(workFolder, { recursive: true, force: true })
    await unlock()
  }
}

async function withCluster<Result> (
  folder: string,
  binaries: PostgresBinaries,
  work: (source: DumpSource) => Promise<Result>
): Promise<Result> {
  const server = await serveCluster({ folder, binaries, identity: await identityFor(folder, binaries) }, {})
  const client = connectTo(server.superuserUrl)
  try {
    return await work(async (sql) => client.unsafe(sql))
  } finally {
    await client.end()
    await server.stop()
  }
}

async function fillNewCluster (source: DumpSource, workFolder: string, options: MoveOptions): Promise<void> {
  const dump = path.join(workFolder, 'dump')
  await writeDump(source, dump)
  await rm(path.join(options.dataDir, UNFINISHED_NAME), { recursive: true, force: true })
  const cluster = await openCluster(options.dataDir, { ...options, name: UNFINISHED_NAME })
  const server = await serveCluster(cluster, {})
  try {
    await restoreDump(dump, server)
  } finally {
    await server.stop()
  }
}
