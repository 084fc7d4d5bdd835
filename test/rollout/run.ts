/**
 * Plays the Deployment controller on one machine: replicas as processes behind a haproxy, under load, are rolled out,
 * scaled up and scaled down. What clients saw is checked as in the fault suite; beyond that nobody is cut off with
 * anything but 1012, every request is answered, and nobody waits longer than a stated time.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Fault, Round } from '../faults/fault.ts'
import type { LoadShape } from '../faults/clients/workload.ts'
import { lineOf } from '../faults/report.ts'
import { runRound } from '../faults/round.ts'
import { CURRENT_BUILD } from '../faults/servers/build.ts'
import { startStandardCluster } from '../faults/servers/fault-cluster.ts'
import { findPostgres } from '../support/servers/postgres-server.ts'
import { isInstalled } from '../support/servers/bound-program.ts'
import { RunScope } from '../support/scope.ts'
import { Deployment } from './deployment.ts'

/**
 * No post waits longer for its acknowledgement, and no reader for the next message: less than the first pause of the
 * slowest client, in milliseconds.
 */
const MAX_WAIT_MS = 5_000
/** Five replicas, and one more while they are replaced. */
const SPARES = 3
const CLOSED_FOR_RESTART = 1012
/** The exit code of a process that a signal ended, as shells report it. */
const INTERRUPTED = 130
const SEED = 1
const LONG_LOAD: Partial<LoadShape> = { chats: 6, readers: 30 }

type Step = { title: string, change: (deployment: Deployment) => Promise<number> }

const STEPS: readonly Step[] = [
  { title: 'a roll-out of three replicas', change: (deployment) => deployment.rollOut() },
  { title: 'a scale-up to five', change: (deployment) => deployment.scale(5) },
  { title: 'a scale-down to two', change: (deployment) => deployment.scale(2) }
]
const LONG_STEPS: readonly Step[] = [
  ...STEPS,
  { title: 'a roll-out of two replicas', change: (deployment) => deployment.rollOut() },
  { title: 'a scale-up to three', change: (deployment) => deployment.scale(3) },
  { title: 'a second roll-out of three', change: (deployment) => deployment.rollOut() }
]

/** A step as the fault suite has its faults. */
function roundOf ({ title, change }: Step, index: number, load: Partial<LoadShape>, waits: number[]): Fault {
  return {
    id: `R${String(index + 1)}`,
    title,
    load,
    async inject ({ cluster, journal, workload, injected, note, during }: Round) {
      const refusals = workload.refusals.length
      injected(await change(new Deployment(cluster, (failure) => journal.failures.push(failure))))
      await during(500)
      for (const { client, code } of journal.closes) {
        if (code !== CLOSED_FOR_RESTART) journal.failures.push(`${client} was cut off with ${String(code)}`)
      }
      for (const refusal of workload.refusals.slice(refusals))
        journal.failures.push(`a request was answered ${refusal}`)
      await workload.pause()
      const longest = Math.max(...journal.posts.map(({ sentAt, ack }) => (ack?.at ?? Infinity) - sentAt))
      workload.resume()
      waits.push(longest)
      note(`${String(journal.closes.length)} sockets moved`)
      if (longest > MAX_WAIT_MS) journal.failures.push(`a post waited ${String(longest)} ms for its acknowledgement`)
    }
  }
}

async function missingPrograms (): Promise<string[]> {
  const programs = ['haproxy', 'redis-server', 'setpriv'].filter((program) => !isInstalled(program))
  return (await findPostgres()) === undefined ? [...programs, 'postgres'] : programs
}

async function run (scope: RunScope, isShort: boolean): Promise<boolean> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-rollout-'))
  scope.teardown(() => rm(folder, { recursive: true, force: true }))
  // Postgres runs as somebody else.
  await chmod(folder, 0o755)
  const cluster = await startStandardCluster(scope, {
    folder: path.join(folder, 'cluster'),
    build: CURRENT_BUILD,
    spares: SPARES,
    environment: { DRAIN_WINDOW: isShort ? '1s' : '5s', DATABASE_POOL: '4' }
  })
  const steps = isShort ? STEPS : LONG_STEPS
  let failed = 0
  for (const [index, step] of steps.entries()) {
    const waits: number[] = []
    const result = await runRound(roundOf(step, index, isShort ? {} : LONG_LOAD, waits), cluster, SEED, CURRENT_BUILD)
    const isLate = result.longestGapMs > MAX_WAIT_MS
    if (result.violations.length > 0 || isLate) failed++
    console.log(
      `${lineOf(result)}; longest wait for an acknowledgement ${(Math.max(0, ...waits) / 1_000).toFixed(2)} s; ` +
      result.notes.join('; ')
    )
    if (isLate)
      console.log(`  a reader got nothing for ${String(result.longestGapMs)} ms; ${String(MAX_WAIT_MS)} ms are allowed`)
    for (const { invariant, message } of result.violations.slice(0, 20)) console.log(`  ${invariant}: ${message}`)
    if (result.isClusterBroken) break
  }
  console.log(`rollout: ${String(steps.length - failed)} passed, ${String(failed)} failed`)
  return failed === 0
}

async function main (): Promise<number> {
  const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } })
  const missing = await missingPrograms()
  if (missing.length > 0) {
    console.error(`The roll-out needs what is not here: ${missing.join(', ')}.`)
    return 1
  }
  const scope = new RunScope()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(
      signal,
      () =>
        void scope
          .end()
          .catch(() => undefined)
          .finally(() => process.exit(INTERRUPTED))
    )
  }
  try {
    return (await run(scope, values.short)) ? 0 : 1
  } finally {
    await scope.end()
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
)
