/** Which build of the server replicas run. */
import { cp, mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { buildCommit } from '../../support/servers/commit-build.ts'
import { ROOT } from '../../support/servers/process.ts'

/** A built server: the folder it runs in, its program, and the same with fail points around its ports. */
export type Build = { readonly folder: string, readonly main: string, readonly rigged: string }

const MAIN = 'dist/main.js'
const RIGGED = 'dist-test/faults/servers/rigged-replica.js'
/** What either program needs. */
const PARTS = ['package.json', 'drizzle', 'dist', 'dist-test']

/** The build of this repository. */
export const CURRENT_BUILD: Build = { folder: ROOT, main: MAIN, rigged: RIGGED }

/** A copy of the current build, to be changed. */
export async function copyBuild (folder: string): Promise<Build> {
  await mkdir(folder, { recursive: true })
  for (const part of PARTS) await cp(path.join(ROOT, part), path.join(folder, part), { recursive: true })
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  return { folder, main: MAIN, rigged: RIGGED }
}

/** The build of another commit of this repository. @throws when there is no such commit */
export async function buildPrevious (folder: string, commit: string): Promise<Build> {
  await buildCommit(folder, commit)
  return { folder, main: MAIN, rigged: MAIN }
}
