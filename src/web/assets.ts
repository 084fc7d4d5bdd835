/** The files of the page at `/app`: its style, its icon, and its compiled modules. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Encoding, encodings } from './encodings.ts'
import { ICON } from './icon.ts'
import { STYLE } from './style/index.ts'

/** The compiled modules. */
const MODULES = new URL('../browser/', import.meta.url)
const ENTRY = 'web/app/main.js'
const IMPORT = /\b(?:from|import) ["'](\.[^"']+)["']/g

/** A file that is served, in each supported encoding. */
export type Asset = { type: string, etag: string, encoded: (encoding: Encoding) => Promise<Buffer> }

/**
 * Loads every file by its name below `/app/assets/`; modules in the order of their dependencies.
 * @throws when the web client was not built
 */
export async function loadAssets (): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map([
    ['style.css', assetOf('text/css; charset=utf-8', STYLE)],
    ['icon.svg', assetOf('image/svg+xml', ICON)]
  ])
  await addModule(assets, ENTRY)
  return assets
}

/** Adds a module and all its imports. */
async function addModule (assets: Map<string, Asset>, name: string): Promise<void> {
  if (assets.has(name)) return
  const source = await readFile(fileURLToPath(new URL(name, MODULES)), 'utf8').catch((error: unknown) => {
    throw new Error('The web client is not built: run npm run build.', { cause: error })
  })
  assets.set(name, assetOf('text/javascript; charset=utf-8', source))
  for (const [, target = ''] of source.matchAll(IMPORT))
    await addModule(assets, new URL(target, `file:///${name}`).pathname.slice(1))
}

function assetOf (type: string, content: string): Asset {
  const bytes = Buffer.from(content)
  return { type, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`, encoded: encodings(bytes) }
}
