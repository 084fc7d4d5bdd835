/**
 * A process that runs one test file after the other, so that the modules they share are loaded once. Workers take the
 * files of a run as they get to them: the first to make a file's mark has it.
 */
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import root from 'tap'
import { listAt } from './data/json.ts'
import { ROOT } from './servers/process.ts'
import { processScope } from './scope.ts'
import { runBelow } from './tap.ts'

const FILE_TIMEOUT_MS = 300_000
/** What is still open so long after the last file keeps the process alive by mistake. */
const EXIT_TIMEOUT_MS = 10_000

/** Test files of a run, relative to the repository. */
export type Queue = {
  /** Run by the first worker, before any server is loaded into it. */
  units: string[]
  others: string[]
}

/** Where a run has its queue. */
export const queueFile = (folder: string) => path.join(folder, 'queue.json')

/** Takes files of the run in `TEST_RUN_FOLDER` until none is left. @param number of this worker, from 1 */
export async function work (number: number): Promise<void> {
  const { TEST_RUN_FOLDER: folder = '' } = process.env
  const queue: unknown = JSON.parse(await readFile(queueFile(folder), 'utf8'))
  for (const file of [...number === 1 ? listAt(queue, 'units') : [], ...listAt(queue, 'others')].map(String)) {
    if (!await take(folder, file)) continue
    const name = file.replace(/^dist-test\//, '').replace(/\.test\.js$/, '')
    await root.test(name, { timeout: FILE_TIMEOUT_MS }, (t) => runBelow(t, () => import(path.join(ROOT, file))))
  }
  await processScope.end()
  setTimeout(() => {
    root.fail(`the process does not end: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, EXIT_TIMEOUT_MS).unref()
}

async function take (folder: string, file: string): Promise<boolean> {
  try {
    await (await open(path.join(folder, file.replaceAll('/', '+')), 'wx')).close()
    return true
  } catch {
    return false
  }
}
