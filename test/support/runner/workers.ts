/** The processes of a run, which tap takes for test files. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { ROOT } from '../servers/process.ts'
import { OUTPUTS, type Queue, writeQueue } from './queue.ts'

const FOLDER = path.join(OUTPUTS, 'workers')
const TAP = path.join(ROOT, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
/** A worker has no time limit, as each of its files has one; the longest that tap takes is a day. */
const TIME_LIMIT = '--timeout=86400'
/**
 * tap has each program that a test starts load its own loader, by NODE_OPTIONS: it takes longer than most of them do,
 * and a program that runs as another user may not even read it.
 */
const PROGRAM = `import processOnSpawn from 'process-on-spawn'
processOnSpawn.removeAllListeners()
const { work } = await import('../support/runner/worker.js')
await work(NUMBER)
`

/**
 * Runs the files of a queue.
 * @param options of tap
 * @param environment added to that of this process
 * @returns tap's exit code
 */
export async function runQueue (
  queue: Queue,
  options: readonly string[],
  environment: Record<string, string>
): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-test-run-'))
  try {
    await writeQueue(folder, queue)
    const count = Math.min(os.availableParallelism() + 1, Math.min(1, queue.units.length) + queue.others.length)
    const workers = await writeWorkers(count)
    const tap = spawn(process.execPath, [TAP, `--jobs=${String(count)}`, TIME_LIMIT, ...options, ...workers], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...environment, TEST_RUN_FOLDER: folder }
    })
    const end = () => tap.kill('SIGTERM')
    process.on('SIGTERM', end)
    await once(tap, 'exit')
    process.off('SIGTERM', end)
    return tap.exitCode ?? 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeWorkers (count: number): Promise<string[]> {
  await mkdir(path.join(ROOT, FOLDER), { recursive: true })
  const numbers = Array.from({ length: count }, (_, index) => String(index + 1))
  return Promise.all(numbers.map(async (number) => {
    const file = path.join(FOLDER, `${number}.mjs`)
    await writeFile(path.join(ROOT, file), PROGRAM.replace('NUMBER', number))
    return file
  }))
}
