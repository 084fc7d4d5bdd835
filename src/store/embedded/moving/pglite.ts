/** Reads the store of Confab 0.1 with the library that wrote it, which Confab no longer depends on. */
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DumpSource } from './dump.ts'
import { installPackage } from './npm-package.ts'

/** The version with which 0.1 wrote its store. */
const PACKAGE = '@electric-sql/pglite'
const VERSION = '0.5.16'
const ENTRY = 'dist/index.js'

type Pglite = { query: (sql: string) => Promise<{ rows: unknown[] }>, close: () => Promise<void> }
type PgliteModule = { PGlite: { create: (options: { dataDir: string }) => Promise<Pglite> } }

/**
 * Calls a function with an open store. It works on a copy, as opening a store writes to it.
 * @param store the folder
 * @param workFolder an existing folder for the copy and the library
 * @throws {EmbeddedStoreError} when the library cannot be installed
 */
export async function withLegacyStore<Result> (
  store: string,
  workFolder: string,
  work: (source: DumpSource) => Promise<Result>
): Promise<Result> {
  const { PGlite } = await loadPglite(workFolder)
  const copy = path.join(workFolder, 'copy')
  await cp(store, copy, { recursive: true })
  const database = await PGlite.create({ dataDir: copy })
  try {
    return await work(async (sql) => (await database.query(sql)).rows)
  } finally {
    await database.close()
  }
}

/** A copy that is installed beside Confab is used if there is one: then nothing is downloaded. */
async function loadPglite (workFolder: string): Promise<PgliteModule> {
  const loaded = await load(PACKAGE).catch(async () => {
    const folder = await installPackage(`${PACKAGE}@${VERSION}`, path.join(workFolder, 'npm'))
    return load(pathToFileURL(path.join(folder, ENTRY)).href)
  })
  if (!isPglite(loaded)) throw new Error(`${PACKAGE} is not as it was.`)
  return loaded
}

async function load (specifier: string): Promise<unknown> {
  return import(specifier)
}

function isPglite (loaded: unknown): loaded is PgliteModule {
  return typeof loaded === 'object' && loaded !== null && 'PGlite' in loaded && typeof loaded.PGlite === 'function' &&
    'create' in loaded.PGlite
}
