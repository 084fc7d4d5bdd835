/**
 * Runs tests with tap: all, or those whose path has one of the given words in it.
 *
 *     npm test -- [word…] [--option of tap…]
 *     npm run test:watch -- [word…] [--option of tap…]
 *
 * It starts the Postgres that they share, and a few processes that take one file after the other. To watch is to run
 * again what a change concerns.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Imports } from './support/runner/imports.ts'
import { filterQueue, listQueue, OUTPUTS } from './support/runner/queue.ts'
import { startServices } from './support/runner/services.ts'
import { runQueue } from './support/runner/workers.ts'
import { RunScope } from './support/scope.ts'
import { ROOT } from './support/servers/process.ts'

const WATCH = '--watch'
const BUILDS = ['dist', OUTPUTS]
/** A build writes several modules. */
const BUILD_MS = 100

/** Builds whenever a source changes. @returns waits for the next modules that were built */
function followBuild (scope: RunScope): () => Promise<ReadonlySet<string>> {
  const builder = spawn(process.execPath, ['build.js', 'test', WATCH], { cwd: ROOT, stdio: 'inherit' })
  scope.teardown(() => builder.kill())
  let changed = new Set<string>()
  let wake: () => void = () => undefined
  for (const folder of BUILDS) {
    const watcher = watch(path.join(ROOT, folder), { recursive: true }, (_event, file) => {
      if (file?.endsWith('.js') !== true) return
      changed.add(path.join(folder, file))
      wake()
    })
    scope.teardown(() => watcher.close())
  }
  return async () => {
    if (changed.size === 0)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    await delay(BUILD_MS)
    const modules = changed
    changed = new Set()
    return modules
  }
}

async function main (parameters: readonly string[]): Promise<number> {
  const words = parameters.filter((parameter) => !parameter.startsWith('-'))
  const options = parameters.filter((parameter) => parameter.startsWith('-') && parameter !== WATCH)
  const queue = listQueue(words)
  if (queue.units.length + queue.others.length === 0) throw new Error('There is no such test.')
  const scope = new RunScope()
  // A terminal interrupts tap as well: it ends by that, and then this does.
  const interrupted = once(process, 'SIGINT').then(() => undefined)
  try {
    const environment = await startServices(scope)
    const nextChange = parameters.includes(WATCH) ? followBuild(scope) : undefined
    const code = await runQueue(queue, options, environment)
    while (nextChange !== undefined) {
      const changed = await Promise.race([nextChange(), interrupted])
      if (changed === undefined) break
      const imports = new Imports()
      const concerned = filterQueue(listQueue(words), (file) => imports.reaches(file, changed))
      if (concerned.units.length + concerned.others.length > 0) await runQueue(concerned, options, environment)
    }
    return code
  } finally {
    await scope.end()
  }
}

process.exitCode = await main(process.argv.slice(2))
