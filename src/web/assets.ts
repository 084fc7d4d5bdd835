/** The files of the page at `/app`: the bundle that `build-web.js` makes, and the icon. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Encoding, encodings } from './encodings.ts'
import { ICON, UNREAD_ICON } from './icon.ts'

/** The bundle. */
const BUNDLE = fileURLToPath(new URL('../web-client/', import.meta.url))
const MANIFEST = 'manifest.json'
const WORKER = 'worker.js'
/** Names that the bundler has put a hash into. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.png': 'image/png'
}

/** A file that is served, in each supported encoding. */
export type Asset = {
  type: string
  etag: string
  /** Whether its name changes with its content, so that browsers may keep it for ever. */
  isImmutable: boolean
  encoded: (encoding: Encoding) => Promise<Buffer>
}

/** What the page loads at once: names below `/app/assets/`. */
export type FirstLoad = { script: string, style: string, preload: readonly string[] }

/** The files by their names below `/app/assets/`, and the service worker. */
export type Assets = { files: ReadonlyMap<string, Asset>, firstLoad: FirstLoad, worker: string }

/** Loads every file. @throws when the web client was not built */
export async function loadAssets (): Promise<Assets> {
  const files = new Map([
    ['icon.svg', assetOf('icon.svg', Buffer.from(ICON), false)],
    ['icon-unread.svg', assetOf('icon-unread.svg', Buffer.from(UNREAD_ICON), false)]
  ])
  const names = await readdir(BUNDLE).catch(notBuilt)
  for (const name of names.filter((name) => path.extname(name) in TYPES && name !== WORKER))
    files.set(name, assetOf(name, await readFile(path.join(BUNDLE, name)), HASHED.test(name)))
  const worker = await readFile(path.join(BUNDLE, WORKER), 'utf8').catch(notBuilt)
  const manifest: unknown = JSON.parse(await readFile(path.join(BUNDLE, MANIFEST), 'utf8').catch(notBuilt))
  if (!isFirstLoad(manifest)) return notBuilt(undefined)
  return { files, firstLoad: manifest, worker }
}

function notBuilt (cause: unknown): never {
  throw new Error('The web client is not built: run npm run build.', { cause })
}

function isFirstLoad (manifest: unknown): manifest is FirstLoad {
  return typeof manifest === 'object' && manifest !== null && 'script' in manifest && 'style' in manifest &&
    'preload' in manifest
}

function assetOf (name: string, bytes: Buffer, isImmutable: boolean): Asset {
  return {
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
    isImmutable,
    encoded: encodings(bytes)
  }
}
