/** The store of Confab 0.1: a Postgres inside the process (PGlite) with a file format of its own. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { CLUSTER_NAME } from './cluster-folder.ts'
import { EmbeddedStoreError } from './errors.ts'

/** Its name in `DATA_DIR`. */
const NAME = 'store'

/** Its path, whether or not it exists. */
export function legacyStoreIn (dataDir: string): string {
  return path.join(dataDir, NAME)
}

/** Whether it exists. */
export async function hasLegacyStore (dataDir: string): Promise<boolean> {
  return exists(path.join(legacyStoreIn(dataDir), 'PG_VERSION'))
}

/** @throws {EmbeddedStoreError} when it exists, and was not converted yet */
export async function refuseLegacyStore (dataDir: string): Promise<void> {
  if (!await hasLegacyStore(dataDir) || await exists(path.join(dataDir, CLUSTER_NAME))) return
  throw new EmbeddedStoreError(
    `${dataDir} holds a store of Confab 0.1, which this version does not open: move it with confab migrate-embedded.`
  )
}

function exists (file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false)
}
