/**
 * Bundles the web client: `src/web/app` with the client library and what it needs of `node_modules`, into
 * `dist/web-client`.
 * Names have the hash of their content, so that browsers may keep the files for ever. `manifest.json` says what the
 * page has to load first.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const SOURCES = [path.join('src', 'web', 'app'), path.join('src', 'client'), 'package-lock.json']
/** The folder of the bundle. */
export const WEB_BUNDLE = path.join('dist', 'web-client')
const MANIFEST = 'manifest.json'
/** The service worker: its address is fixed, so its name is, too. */
const WORKER = path.join('src', 'web', 'app', 'worker', 'worker.ts')
const ICONS = path.join('src', 'web', 'app', 'icons')
const ENTRY = path.join('src', 'web', 'app', 'main.tsx')
const STYLE = path.join('src', 'web', 'app', 'style.css')

/**
 * @typedef {object} WebBuild
 * @property {string} root the folder of the repository
 * @property {number} toolTime when the build itself was changed
 * @property {boolean} isDevelopment whether pages for developers belong to it
 */

/** Parts of other emojis, such as colours of skin. */
const COMPONENTS = 2

/**
 * @typedef {object} Emoji
 * @property {string} unicode
 * @property {string} hexcode
 * @property {string} label
 * @property {string[]} [tags]
 * @property {number} [group]
 * @property {number} [order]
 */

/** @typedef {{ script: string, style: string, preload: string[], isDevelopment: boolean }} Manifest */

/** @param {string} file @returns {number} when it, or the newest file below it, was changed */
function timeOf (file) {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats?.isDirectory() !== true) return stats?.mtimeMs ?? 0
  return Math.max(stats.mtimeMs, ...readdirSync(file).map((name) => timeOf(path.join(file, name))))
}

/** @param {string} folder @returns {Manifest | undefined} */
function readManifest (folder) {
  const file = path.join(folder, MANIFEST)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/** Bundles it, unless the bundle is as new as its sources. @param {WebBuild} options */
export async function bundleWebClient ({ root, toolTime, isDevelopment }) {
  const folder = path.join(root, WEB_BUNDLE)
  // A package without the sources has the bundle.
  if (!existsSync(path.join(root, ENTRY))) return
  const newest = Math.max(toolTime, timeOf(path.join(root, 'build-web.js')),
    ...SOURCES.map((source) => timeOf(path.join(root, source))))
  const known = readManifest(folder)
  if (known?.isDevelopment === isDevelopment && timeOf(path.join(folder, MANIFEST)) >= newest) return
  const { build } = await import('esbuild')
  /** @type {import('esbuild').BuildOptions & { write: false }} */
  const options = {
    absWorkingDir: root,
    outdir: WEB_BUNDLE,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    legalComments: 'none',
    logLevel: 'warning',
    write: false
  }
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [ENTRY, STYLE],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { DEVELOPMENT: String(isDevelopment) },
    plugins: [emojiData(root)],
    metafile: true
  })
  const manifest = manifestOf(metafile, isDevelopment)
  const worker = await build({
    ...options,
    entryPoints: [WORKER],
    define: {
      FILES: JSON.stringify(outputFiles.map((file) => path.basename(file.path)).sort()),
      SCRIPT: JSON.stringify(manifest.script)
    }
  })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const file of [...outputFiles, ...worker.outputFiles]) writeFileSync(file.path, file.contents)
  for (const name of readdirSync(path.join(root, ICONS)))
    cpSync(path.join(root, ICONS, name), path.join(folder, name))
  writeFileSync(path.join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/**
 * The modules `emoji-data:<language>`: rows of an emoji, its group, its names for `:name:`, and words to find it by.
 * The package has much more of each.
 * @param {string} root @returns {import('esbuild').Plugin}
 */
function emojiData (root) {
  const folder = path.join(root, 'node_modules', 'emojibase-data')
  /** @param {string} name @returns {unknown} */
  const read = (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  return {
    name: 'emoji-data',
    setup: (build) => {
      build.onResolve({ filter: /^emoji-data:/ }, ({ path }) => ({ path, namespace: 'emoji-data' }))
      build.onLoad({ filter: /^emoji-data:/, namespace: 'emoji-data' }, ({ path: name }) => {
        const emojis = /** @type {Emoji[]} */ (read(`${name.split(':')[1]}/compact.json`))
        const names = /** @type {Record<string, string | string[]>} */ (read('en/shortcodes/github.json'))
        const rows = emojis
          .filter(({ group }) => group !== undefined && group !== COMPONENTS)
          .sort((one, other) => (one.order ?? 0) - (other.order ?? 0))
          .map(({ unicode, group, hexcode, label, tags = [] }) =>
            [unicode, group, [names[hexcode] ?? []].flat(), [label, ...tags].join(' ')])
        return { contents: JSON.stringify(rows), loader: 'json' }
      })
    }
  }
}

/** @param {import('esbuild').Metafile} metafile @param {boolean} isDevelopment @returns {Manifest} */
function manifestOf ({ outputs }, isDevelopment) {
  /** @param {string} source */
  const outputOf = (source) => {
    const wanted = source.split(path.sep).join('/')
    const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === wanted)
    if (found === undefined) throw new Error(`There is no output of ${source}.`)
    return found
  }
  /** @type {Set<string>} */
  const preload = new Set()
  /** @param {string} name */
  const addImports = (name) => {
    for (const { path: imported, kind } of outputs[name]?.imports ?? []) {
      if (kind !== 'import-statement' || preload.has(imported)) continue
      preload.add(imported)
      addImports(imported)
    }
  }
  const [script] = outputOf(ENTRY)
  addImports(script)
  return {
    script: path.basename(script),
    style: path.basename(outputOf(STYLE)[0]),
    preload: [...preload].map((name) => path.basename(name)).sort(),
    isDevelopment
  }
}
