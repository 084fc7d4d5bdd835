/**
 * Runs tests with tap: all, or those whose path has one of the given words in it.
 *
 *     npm test -- [word…] [--option of tap…]
 *
 * It starts the Postgres that they share, and a few processes that take one file after the other.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { dropLeftovers, dropTemplate, ensureTemplate } from './support/servers/database.ts'
import { availableServices } from './support/servers/deployments.ts'
import { ensureStoreTemplate } from './support/servers/embedded-store.ts'
import { startEngine } from './support/servers/engine.ts'
import { ROOT } from './support/servers/process.ts'
import { RunScope } from './support/scope.ts'
import { type Queue, writeQueue } from './support/queue.ts'

const OUTPUTS = 'dist-test'
const WORKERS = path.join(OUTPUTS, 'workers')
const TAP = path.join(ROOT, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
/** A worker has no time limit: each of its files has one. tap takes none for half a minute. */
const WORKER_TIMEOUT = '--timeout=86400'
/**
 * tap has each program that a test starts load its own loader, by NODE_OPTIONS: it takes longer than most of them do,
 * and a program that runs as another user may not even read it.
 */
const WORKER = `import processOnSpawn from 'process-on-spawn'
processOnSpawn.removeAllListeners()
const { work } = await import('../support/worker.js')
await work(NUMBER)
`
/** In this order: what takes longest comes first, so that the workers end together. */
const FOLDERS = ['repo', 'process', 'cluster', 'contract', 'api', 'faults']

/** The files to run. */
function listQueue (parameters: readonly string[]): Queue {
  const words = parameters.map((word) => word.replace(/^(dist-)?test\//, '').replace(/\.[jt]s$/, ''))
  const files = readdirSync(path.join(ROOT, OUTPUTS), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
  const rank = (file: string) => FOLDERS.indexOf(file.split('/', 1)[0] ?? '')
  const isUnit = (file: string) => file.startsWith('unit/')
  return {
    units: files.filter(isUnit).map((file) => path.join(OUTPUTS, file)),
    others: files
      .filter((file) => !isUnit(file))
      .sort((one, other) => rank(one) - rank(other))
      .map((file) => path.join(OUTPUTS, file))
  }
}

/** Runs the files of a queue. @returns tap's exit code */
async function run (queue: Queue, options: readonly string[]): Promise<number> {
  const count = Math.min(os.availableParallelism() + 1, 1 + queue.others.length)
  const scope = new RunScope()
  try {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-test-run-'))
    scope.teardown(() => rm(folder, { recursive: true, force: true }))
    await writeQueue(folder, queue)
    const engine = await startEngine(scope)
    await dropLeftovers(engine)
    await ensureTemplate(engine)
    await ensureStoreTemplate()
    const services = availableServices()
    if (services !== undefined) {
      await ensureTemplate(services.databaseUrl)
      scope.teardown(() => dropTemplate(services.databaseUrl))
    }
    const workers = await writeWorkers(count)
    const tap = spawn(process.execPath, [TAP, `--jobs=${String(count)}`, WORKER_TIMEOUT, ...options, ...workers], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, TEST_RUN_FOLDER: folder, TEST_ENGINE_URL: engine }
    })
    // The terminal interrupts tap as well, which ends by it; this ends what it has started.
    process.on('SIGINT', () => undefined)
    process.on('SIGTERM', () => tap.kill('SIGTERM'))
    await once(tap, 'exit')
    return tap.exitCode ?? 1
  } finally {
    await scope.end()
  }
}

/** Writes the programs of the workers, which tap takes for test files. */
async function writeWorkers (count: number): Promise<string[]> {
  await mkdir(path.join(ROOT, WORKERS), { recursive: true })
  const numbers = Array.from({ length: count }, (_, index) => String(index + 1))
  return Promise.all(numbers.map(async (number) => {
    const file = path.join(WORKERS, `${number}.mjs`)
    await writeFile(path.join(ROOT, file), WORKER.replace('NUMBER', number))
    return file
  }))
}

const parameters = process.argv.slice(2)
const queue = listQueue(parameters.filter((parameter) => !parameter.startsWith('-')))
if (queue.units.length + queue.others.length === 0) throw new Error('There is no such test.')
process.exitCode = await run(queue, parameters.filter((parameter) => parameter.startsWith('-')))
