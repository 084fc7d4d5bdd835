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
 * What tap takes for a test file: it runs the worker in a process of its own, without the loader that tap puts into
 * each program that is started, by its arguments and NODE_OPTIONS. The loader takes longer than most programs do, and
 * one that runs as another user may not even read it.
 */
const PROGRAM = `import { spawn } from 'node:child_process'
import processOnSpawn from 'process-on-spawn'
processOnSpawn.removeAllListeners()
const { NODE_OPTIONS, ...env } = process.env
const child = spawn(process.execPath, ['--enable-source-maps', 'WORKER', 'NUMBER'], { stdio: 'inherit', env })
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code) => { process.exitCode = code ?? 1 })
`
const WORKER = path.join(OUTPUTS, 'support', 'runner', 'worker.js')

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
    await writeFile(path.join(ROOT, file), PROGRAM.replace('WORKER', WORKER).replace('NUMBER', number))
    return file
  }))
}
