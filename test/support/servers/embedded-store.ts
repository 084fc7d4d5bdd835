/**
 * An embedded store as a first start leaves it, made once before the tests: making one costs seconds, copying it does
 * not. Run as a program it makes it.
 */
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { openPglite } from '../../../src/store/pglite.ts'
import type { Test } from 'tap'
import { temporaryFolder } from './program.ts'
import { ROOT } from './process.ts'

const TEMPLATE = path.join(ROOT, 'dist-test', 'embedded')

/** Gives a folder that is to be a `DATA_DIR` an empty store. */
export async function layOutStore (folder: string): Promise<void> {
  await cp(path.join(TEMPLATE, 'store'), path.join(folder, 'store'), { recursive: true })
}

/** A folder to be a `DATA_DIR`, with an empty store, gone with the test. */
export async function temporaryStore (t: Test): Promise<string> {
  const folder = await temporaryFolder(t)
  await layOutStore(folder)
  return folder
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await (await openPglite(TEMPLATE)).close()
