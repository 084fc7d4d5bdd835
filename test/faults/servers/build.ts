/** Which build of the server replicas run. */
import { cp, mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../../harness/process.ts'
import { runProgram } from './program.ts'

/** A built server: the folder it runs in, its program, and the same with fail points around its ports. */
export type Build = { readonly folder: string, readonly main: string, readonly rigged: string }

const MAIN = 'dist/main.js'
const RIGGED = 'dist-test/test/faults/servers/rigged-replica.js'
/** What either program needs. */
const PARTS = ['package.json', 'drizzle', 'dist', 'dist-test/drizzle', 'dist-test/src', 'dist-test/test']

/** The build of this repository. */
export const CURRENT_BUILD: Build = { folder: ROOT, main: MAIN, rigged: RIGGED }

/** A copy of the current build, to be changed. */
export async function copyBuild (folder: string): Promise<Build> {
  await mkdir(folder, { recursive: true })
  for (const part of PARTS) await cp(path.join(ROOT, part), path.join(folder, part), { recursive: true })
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  return { folder, main: MAIN, rigged: RIGGED }
}

/**
 * Builds another commit of this repository, with the packages that are installed. @throws when there is no such commit
 */
export async function buildCommit (folder: string, commit: string): Promise<Build> {
  await mkdir(folder, { recursive: true })
  const archive = path.join(folder, 'source.tar')
  await runProgram('git', ['archive', '--output', archive, commit], { cwd: ROOT })
  await runProgram('tar', ['-xf', archive, '-C', folder])
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  await runProgram(
    process.execPath,
    [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json', '--noCheck'],
    { cwd: folder }
  )
  return { folder, main: MAIN, rigged: MAIN }
}
