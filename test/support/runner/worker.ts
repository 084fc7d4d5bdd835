/**
 * A process that runs one test file after the other, so that the modules they share are loaded once. Workers take the
 * files of a run as they get to them.
 */
import './async-hooks.ts'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import root from 'tap'
import { readQueue, take } from './queue.ts'
import { ROOT } from '../servers/process.ts'
import { processScope } from '../scope.ts'
import { failCurrent, runBelow } from '../tap.ts'

const ROOT_IMPORT = /^import .* from "tap";$/m
const FILE_TIMEOUT_MS = 300_000
/** Handles that are still open this long after the last file are leaks. */
const EXIT_TIMEOUT_MS = 10_000

/** Takes files of the run in `TEST_RUN_FOLDER` until none is left. @param number of this worker, from 1 */
async function work (number: number): Promise<void> {
  const { TEST_RUN_FOLDER: folder = '' } = process.env
  const { units, others } = await readQueue(folder)
  process.on('uncaughtException', failCurrent)
  process.on('unhandledRejection', failCurrent)
  for (const file of [...number === 1 ? units : [], ...others]) {
    if (!await take(folder, file)) continue
    const name = file.replace(/^dist-test\//, '').replace(/\.test\.js$/, '')
    await root.test(name, { timeout: FILE_TIMEOUT_MS }, async (t) => {
      // Its tests would wait for this one to end, and this one for them.
      if (ROOT_IMPORT.test(await readFile(file, 'utf8'))) throw new Error('Import test/support/tap.ts, not tap.')
      await runBelow(t, () => import(path.join(ROOT, file)))
    })
  }
  await processScope.end()
  setTimeout(() => {
    root.fail(`the process does not end: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, EXIT_TIMEOUT_MS).unref()
}

await work(Number(process.argv[2]))
