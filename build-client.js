/**
 * Makes the package confab-client in `dist-client`, ready for `npm pack` and `npm publish`: the client library as an ES
 * module and as a CommonJS one, each with its types. Its version is that of the server.
 *
 *     node build-client.js
 */
import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = path.dirname(fileURLToPath(import.meta.url))
const SOURCES = path.join('src', 'client')
const OUTPUTS = 'dist-client'
const COMPILER = path.join('node_modules', 'typescript', 'bin', 'tsc')

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

async function main () {
  const { build } = await import('esbuild').catch((/** @type {unknown} */ cause) => {
    throw new Error('The build needs the development dependencies: run npm ci without --omit=dev.', { cause })
  })
  rmSync(path.join(ROOT, OUTPUTS), { recursive: true, force: true })
  execFileSync(process.execPath, [COMPILER, '-p', SOURCES], { cwd: ROOT, stdio: 'inherit' })
  for (const [folder, format, type] of FORMATS) {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [path.join(SOURCES, 'index.ts')],
      outdir: path.join(OUTPUTS, folder),
      bundle: true,
      format,
      platform: 'neutral',
      target: 'es2022',
      logLevel: 'warning'
    })
    writeManifest(path.join(OUTPUTS, folder), { type })
  }
  // Each of the two kinds of module needs types of its own.
  for (const file of readdirSync(path.join(ROOT, OUTPUTS, 'esm')).filter((name) => name.endsWith('.d.ts'))) {
    const written = readFileSync(path.join(ROOT, OUTPUTS, 'esm', file), 'utf8')
    const types = written.replaceAll(/(?<=from '\.\/[\w-]+)\.ts(?=')/g, '.js')
    for (const [folder] of FORMATS) writeFileSync(path.join(ROOT, OUTPUTS, folder, file), types)
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
