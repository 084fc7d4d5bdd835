/** Packages of npm that are needed once, to read data of an earlier version. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import Value from 'typebox/value'
import Type from 'typebox'
import { EmbeddedStoreError } from '../errors.ts'

/** A registry that does not answer within this time counts as unreachable, in milliseconds. */
const TIMEOUT_MS = 300_000
const NPM_FLAGS = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']

/**
 * Installs a package in a folder of its own.
 * @param spec name and exact version, e.g. `left-pad@1.3.0`
 * @returns the folder of the package
 * @throws {EmbeddedStoreError} when it cannot be installed
 */
export async function installPackage (spec: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  // Otherwise npm looks for a project in the parent folders.
  await writeFile(path.join(folder, 'package.json'), '{"private":true}')
  await npm(['install', ...NPM_FLAGS, spec], folder)
  return path.join(folder, 'node_modules', spec.slice(0, spec.lastIndexOf('@')))
}

/** The published versions of a package. @throws {EmbeddedStoreError} when the registry cannot be reached */
export async function listVersions (name: string, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  return Value.Parse(Type.Array(Type.String()), JSON.parse(await npm(['view', name, 'versions', '--json'], folder)))
}

async function npm (args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('npm', [...args], { cwd, timeout: TIMEOUT_MS })
    return stdout
  } catch (error) {
    const message = `npm ${args.join(' ')} failed, which is needed once for this: can the registry be reached?`
    throw new EmbeddedStoreError(message, { cause: error })
  }
}
