/** The embedded store as a first start leaves it, made once: making one takes seconds, copying it does not. */
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Database } from '../../../src/store/database.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Scope } from '../scope.ts'
import { templateName } from './database.ts'
import { ROOT } from './process.ts'
import { temporaryFolder } from './program.ts'

const FOLDER = path.join(ROOT, 'node_modules', '.cache', 'confab-tests')

/** Made for each version of the tables. */
const templateFolder = () => path.join(FOLDER, templateName())

/** Opens the embedded store of a `DATA_DIR` in this process, which is closed by the caller. */
export async function openEmbeddedStore (dataDir: string): Promise<Database> {
  const { PATH: searchPath } = process.env
  return openStore({ database: { url: undefined, pool: 2, prepare: true, timeoutMs: 60_000 }, dataDir, searchPath })
}

/** Makes the template unless it is there. */
export async function ensureStoreTemplate (): Promise<void> {
  const folder = templateFolder()
  if (await stat(folder).then(() => true, () => false)) return
  // Complete when it has its name.
  const draft = `${folder}-draft-${String(process.pid)}`
  await (await openEmbeddedStore(draft)).close()
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }))
}

/** A folder to be a `DATA_DIR`, with an empty store, gone with the test. */
export async function temporaryStore (t: Scope): Promise<string> {
  const folder = await temporaryFolder(t)
  await mkdir(folder, { recursive: true })
  await cp(path.join(templateFolder(), 'postgres'), path.join(folder, 'postgres'), { recursive: true })
  return folder
}
