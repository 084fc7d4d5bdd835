/** Another commit of this repository, built with the packages that are installed here. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { listMigrations } from '../../../src/store/migrations.ts'
import { ROOT } from './process.ts'

const run = promisify(execFile)
/** How releases without a `build.js` are built. */
const COMPILER = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noCheck']

const JOURNAL = 'drizzle/meta/_journal.json'

/**
 * The last commit without the newest migration: whoever updates from it runs two builds on the tables of this one.
 * @returns undefined where the history is not at hand
 */
export async function findPreviousCommit (): Promise<string | undefined> {
  const git = async (...parameters: string[]) => (await run('git', parameters, { cwd: ROOT })).stdout.trim()
  const newest = (await listMigrations()).at(-1)?.tag ?? ''
  try {
    const added = await git('log', '--format=%H', `-S"${newest}"`, '--', JOURNAL)
    return await git('rev-parse', '--verify', `${added.split('\n').at(-1) ?? ''}^`)
  } catch {
    return undefined
  }
}

/** Builds the server of a commit below a folder. @throws when there is no such commit, or when it cannot be built */
export async function buildCommit (folder: string, commit: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const archive = path.join(folder, 'source.tar')
  await run('git', ['archive', '--output', archive, commit], { cwd: ROOT })
  await run('tar', ['-xf', archive, '-C', folder])
  await rm(archive)
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  await run(process.execPath, existsSync(path.join(folder, 'build.js')) ? ['build.js'] : COMPILER, { cwd: folder })
}
