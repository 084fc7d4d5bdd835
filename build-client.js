/**
 * Makes the package confab-client in `dist-client`, ready for `npm pack` and `npm publish`: the client library, its
 * hooks and what a backend needs, as ES modules and as CommonJS ones, with their types. Its version is that of the
 * server.
 *
 *     node build-client.js
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = path.dirname(fileURLToPath(import.meta.url))
const SOURCES = path.join('src', 'client')
const OUTPUTS = 'dist-client'
const COMPILER = path.join('node_modules', 'typescript-7', 'bin', 'tsc')

/** The modules that users import. */
const ENTRIES = [
  'index', 'accounts/index', 'chatcli/index', 'files/index', 'history/index', 'management/index', 'moderation/index',
  'push/index', 'push-worker/index', 'react/index', 'search/index', 'server/index', 'shared/index', 'sse/index'
]

/** The folders of the package: their kind of module, as esbuild and as a `package.json` names it. */
const FORMATS = /** @type {const} */ ([['esm', 'esm', 'module'], ['cjs', 'cjs', 'commonjs']])

/** @param {string} folder @returns {Record<string, unknown>} its manifest */
function readManifest (folder) {
  return JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8'))
}

/** @param {string} folder @param {Record<string, unknown>} manifest */
function writeManifest (folder, manifest) {
  writeFileSync(path.join(ROOT, folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/** @param {string} folder @returns {string[]} the files with types below it */
function listTypes (folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))
}

async function main () {
  const { build } = await import('esbuild').catch((/** @type {unknown} */ cause) => {
    throw new Error('The build needs the development dependencies: run npm ci without --omit=dev.', { cause })
  })
  rmSync(path.join(ROOT, OUTPUTS), { recursive: true, force: true })
  execFileSync(process.execPath, [COMPILER, '-p', SOURCES], { cwd: ROOT, stdio: 'inherit' })
  for (const [folder, format, type] of FORMATS) {
    await build({
      absWorkingDir: ROOT,
      entryPoints: ENTRIES.map((entry) => path.join(SOURCES, `${entry}.ts`)),
      outbase: SOURCES,
      outdir: path.join(OUTPUTS, folder),
      bundle: true,
      external: ['react', 'node:*'],
      format,
      platform: 'neutral',
      target: 'es2022',
      logLevel: 'warning'
    })
    writeManifest(path.join(OUTPUTS, folder), { type })
  }
  // Each of the two kinds of module needs types of its own.
  for (const file of listTypes(path.join(ROOT, OUTPUTS, 'esm'))) {
    const written = readFileSync(path.join(ROOT, OUTPUTS, 'esm', file), 'utf8')
    const types = written.replaceAll(/(?<=(?:from |import\()["']\.{1,2}\/[\w/.-]+)\.ts(?=["'])/g, '.js')
    for (const [folder] of FORMATS) {
      mkdirSync(path.dirname(path.join(ROOT, OUTPUTS, folder, file)), { recursive: true })
      writeFileSync(path.join(ROOT, OUTPUTS, folder, file), types)
    }
  }
  const { name, ...manifest } = readManifest(SOURCES)
  writeManifest(OUTPUTS, { name, version: readManifest('.')['version'], ...manifest })
  cpSync(path.join(ROOT, SOURCES, 'README.md'), path.join(ROOT, OUTPUTS, 'README.md'))
  cpSync(path.join(ROOT, 'LICENSE'), path.join(ROOT, OUTPUTS, 'LICENSE'))
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
