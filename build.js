/**
 * Compiles TypeScript to JavaScript, one module for one module, without checking types (`npm run check` does).
 *
 *     node build.js [test] [bench] [--watch] [--if-possible]
 *
 * The server, the client library and the conformance kit are always built, tests and benchmark where they are named. A
 * module that is as new as its source stays as it is, and the output of a source that is gone is deleted. The web
 * client is bundled (`build-web.js`). With --if-possible it is no failure that packages are missing.
 */
import {
  existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleWebClient, WEB_BUNDLE } from './build-web.js'

/**
 * @typedef {object} Tree
 * @property {string} sources the folder of its sources
 * @property {string} outputs the folder of what they are compiled to
 * @property {(file: string) => boolean} contains whether a source belongs to it
 * @property {import('esbuild').BuildOptions} options
 */

/** @typedef {'server' | 'browser' | 'conformance' | 'web' | 'test' | 'bench'} TreeName */

/** What is needed is not installed. */
class MissingPackages extends Error {}

const ROOT = path.dirname(fileURLToPath(import.meta.url))
const WATCH_DELAY_MS = 30
const WEB_CLIENT = path.join('src', 'web', 'app')
const CLIENT = path.join('src', 'client')

/** @type {import('esbuild').BuildOptions} */
const NODE = { platform: 'node', target: 'node20', sourcemap: true, sourcesContent: false }
/** @type {import('esbuild').BuildOptions} */
const BROWSER = { platform: 'browser', target: 'es2022', legalComments: 'none' }

/** @type {Record<TreeName, Tree>} */
const TREES = {
  server: { sources: 'src', outputs: 'dist', contains: (file) => !isBelow(file, WEB_CLIENT), options: NODE },
  browser: {
    sources: 'src',
    outputs: path.join('dist', 'browser'),
    contains: (file) => isBelow(file, CLIENT),
    options: BROWSER
  },
  // Modules of the web client one by one, for their unit tests.
  web: {
    sources: 'src',
    outputs: path.join('dist-test', 'web-modules'),
    contains: (file) => isBelow(file, WEB_CLIENT),
    options: BROWSER
  },
  conformance: {
    sources: 'conformance', outputs: path.join('dist', 'conformance'), contains: () => true, options: NODE
  },
  test: { sources: 'test', outputs: 'dist-test', contains: () => true, options: NODE },
  bench: { sources: 'bench', outputs: 'dist-bench', contains: () => true, options: NODE }
}

/** @param {string} file @param {string} folder */
function isBelow (file, folder) {
  return file.startsWith(folder + path.sep)
}

/**
 * The files below a folder, relative to the repository.
 * @param {string} folder @param {RegExp} ending of their names @returns {string[]}
 */
function list (folder, ending) {
  if (!existsSync(path.join(ROOT, folder))) return []
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    return entry.isDirectory() ? list(file, ending) : ending.test(entry.name) ? [file] : []
  })
}

/** @param {string} file @returns {number} when it was changed; 0 if there is no such file */
function timeOf (file) {
  return statSync(path.join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** @param {Tree} tree @param {string} source */
function outputOf (tree, source) {
  return path.join(tree.outputs, path.relative(tree.sources, source).replace(/\.ts$/, '.js'))
}

/**
 * A module with the paths of outputs in its imports. esbuild leaves paths as they are, and prints each import as the
 * expression below matches it.
 * @param {Tree} tree @param {string} source @param {string} text
 */
function redirectImports (tree, source, text) {
  return text.replace(/(?<=^(?:import|export|\}) (?:.* )?(?:from )?"|\bimport\(")\.{1,2}\/[^"]+\.ts(?="\)|";$)/gm, (specifier) =>
    importOf(tree, source, specifier))
}

/** @param {Tree} tree @param {string} source @param {string} specifier of a module that it imports */
function importOf (tree, source, specifier) {
  const imported = path.normalize(path.join(path.dirname(source), specifier))
  const trees = [tree, TREES.server, TREES.browser, TREES.web]
  const owner = trees.find((each) => isBelow(imported, each.sources) && each.contains(imported)) ?? TREES.server
  const relative = path.relative(path.dirname(outputOf(tree, source)), outputOf(owner, imported))
  return (relative.startsWith('.') ? relative : `./${relative}`).split(path.sep).join('/')
}

/** @param {unknown} cause @returns {never} */
function missingPackages (cause) {
  // What esbuild finds wrong with a source has been printed.
  if (cause instanceof Error && 'errors' in cause) throw cause
  throw new MissingPackages(
    'Confab is not built, and the build needs the development dependencies: run npm ci without --omit=dev, then ' +
    'npm run build. After that npm prune --omit=dev may follow.',
    { cause }
  )
}

/** Compiles some modules of a tree. @param {Tree} tree @param {string[]} sources */
async function compile (tree, sources) {
  const { build } = await import('esbuild').catch(missingPackages)
  const { outputFiles } = await build({
    ...tree.options,
    absWorkingDir: ROOT,
    entryPoints: sources,
    outbase: tree.sources,
    outdir: tree.outputs,
    format: 'esm',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    logLevel: 'warning',
    write: false
  })
  const texts = new Map(outputFiles.map((file) => [path.relative(ROOT, file.path), file.text]))
  for (const source of sources) {
    const output = outputOf(tree, source)
    mkdirSync(path.join(ROOT, path.dirname(output)), { recursive: true })
    const map = texts.get(`${output}.map`)
    if (map !== undefined) writeFileSync(path.join(ROOT, `${output}.map`), map)
    writeFileSync(path.join(ROOT, output), redirectImports(tree, source, texts.get(output) ?? ''))
  }
}

/**
 * Brings the outputs of some trees up to date.
 * @param {TreeName[]} names @returns {Promise<number>} how many modules were compiled
 */
async function update (names) {
  const trees = names.map((name) => TREES[name])
  const toolTime = timeOf('build.js')
  /** @type {Set<string>} */
  const wanted = new Set()
  const stale = trees.map((tree) => {
    const sources = list(tree.sources, /(?<!\.d)\.ts$/).filter(tree.contains)
    for (const source of sources) wanted.add(outputOf(tree, source))
    const isStale = (/** @type {string} */ source) =>
      timeOf(outputOf(tree, source)) < Math.max(timeOf(source), toolTime)
    return { tree, sources: sources.filter(isStale) }
  })
  for (const { sources, outputs } of trees) {
    // A package without its sources has what it needs.
    if (!existsSync(path.join(ROOT, sources))) continue
    const gone = list(outputs, /\.js(\.map)?$/)
      .filter((output) => !isBelow(output, WEB_BUNDLE) && !wanted.has(output.replace(/\.map$/, '')))
    for (const output of gone) rmSync(path.join(ROOT, output))
  }
  const changed = stale.filter(({ sources }) => sources.length > 0)
  await Promise.all(changed.map(({ tree, sources }) => compile(tree, sources)))
  await bundleWebClient({ root: ROOT, toolTime, isDevelopment }).catch(missingPackages)
  return stale.reduce((sum, { sources }) => sum + sources.length, 0)
}

/** Builds again whenever a source is changed. @param {TreeName[]} names */
function follow (names) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  let turn = Promise.resolve()
  const again = async () => {
    await update(names).catch(report)
  }
  for (const folder of new Set(names.map((name) => TREES[name].sources))) {
    watch(path.join(ROOT, folder), { recursive: true }, () => {
      clearTimeout(timer)
      timer = setTimeout(() => { turn = turn.then(again) }, WATCH_DELAY_MS)
    })
  }
}

/** Fails when a package is not installed that the server needs to run. */
function checkPackages () {
  /** @type {{ dependencies: Record<string, string> }} */
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  const missing = Object.keys(dependencies).filter((name) => {
    try {
      import.meta.resolve(name)
      return false
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    }
  })
  if (missing.length > 0)
    throw new MissingPackages(`Packages are not installed, among them ${missing[0]}: run npm ci.`)
}

/** @param {unknown} error */
function report (error) {
  // esbuild has printed where its own errors are.
  if (!(error instanceof Error && 'errors' in error)) console.error(error instanceof Error ? error.message : error)
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { watch: { type: 'boolean', default: false }, 'if-possible': { type: 'boolean', default: false } }
})
/** @type {TreeName[]} */
const names = ['server', 'browser', 'conformance']
for (const name of positionals) {
  if (name !== 'test' && name !== 'bench') throw new Error(`There is no ${name} to build.`)
  names.push(name)
  if (name === 'test') names.push('web')
}
// Pages for developers are part of a bundle that is not published.
const isDevelopment = values.watch || names.includes('test')
try {
  await update(names)
  checkPackages()
} catch (error) {
  if (!(values['if-possible'] && error instanceof MissingPackages)) {
    report(error)
    process.exitCode = 1
  }
}
if (values.watch) follow(names)
