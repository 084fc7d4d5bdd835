/**
 * The fault suite: breaks a running cluster in every way it knows, and shows from what clients saw that nothing was
 * lost.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Random } from '../support/data/random.ts'
import type { Deployment, Fault } from './fault.ts'
import { readOptions, type Options } from './options.ts'
import { lineOf, reportOf, type Skipped } from './report.ts'
import { runRound, type RoundResult } from './round.ts'
import { SAFEGUARDS, switchOff } from './safeguards.ts'
import { copyBuild, CURRENT_BUILD, type Build } from './servers/build.ts'
import { startStandardCluster, type FaultCluster } from './servers/fault-cluster.ts'
import { findPostgres } from '../support/servers/postgres-server.ts'
import { isInstalled } from '../support/servers/bound-program.ts'
import { RunScope } from '../support/scope.ts'

const MS_PER_MINUTE = 60_000
/** The exit code of a process that a signal ended, as shells report it. */
const INTERRUPTED = 130
const MAX_SHOWN_VIOLATIONS = 20
const SEED_RANGE = 2 ** 31

/** The programs that the suite cannot do without, with the Debian packages they are in. */
async function missingPrograms (): Promise<string[]> {
  return [
    ...(isInstalled('haproxy') ? [] : ['haproxy (Debian: haproxy)']),
    ...(isInstalled('redis-server') ? [] : ['redis-server (Debian: redis-server)']),
    ...(isInstalled('setpriv') ? [] : ['setpriv (Debian: util-linux)']),
    ...((await findPostgres()) === undefined ? ['initdb and postgres (Debian: postgresql)'] : [])
  ]
}

/** A run from its start to its table. */
class Run {
  readonly results: RoundResult[] = []
  readonly skipped: Skipped[] = []
  readonly #options: Options
  readonly #scope: RunScope
  readonly #random: Random
  readonly #startedAt = Date.now()
  #deployment: Deployment | undefined
  #standard: { cluster: FaultCluster, scope: RunScope } | undefined
  #clusters = 0

  constructor (options: Options, scope: RunScope) {
    this.#options = options
    this.#scope = scope
    this.#random = new Random(options.seed)
  }

  /** Goes through the faults, in an order that the seed decides, once or until the time is over. */
  async all (): Promise<void> {
    const { faults, minutes } = this.#options
    const end = this.#startedAt + (minutes ?? 0) * MS_PER_MINUTE
    do {
      for (const fault of shuffled(faults, this.#random)) {
        await this.#one(fault, this.#random.integer(1, SEED_RANGE))
        if (minutes !== undefined && Date.now() > end) return
      }
    } while (minutes !== undefined && Date.now() < end)
  }

  get report (): string {
    const { seed, without } = this.#options
    return reportOf(this.results, this.skipped, {
      seed,
      startedAt: this.#startedAt,
      build: without === undefined ? 'this build' : `this build without ${without}`
    })
  }

  async #one (fault: Fault, seed: number): Promise<void> {
    const deployment = (this.#deployment ??= await this.#prepare())
    if (this.skipped.some(({ id }) => id === fault.id)) return
    const reason = await fault.missing?.(deployment)
    if (reason !== undefined) {
      this.skipped.push({ id: fault.id, title: fault.title, reason })
      console.log(`LEFT OUT ${fault.id} ${fault.title}: ${reason}`)
      return
    }
    const scope = new RunScope()
    this.#scope.teardown(() => scope.end())
    try {
      const own = { ...deployment, folder: path.join(deployment.folder, `cluster-${String(this.#clusters++)}`) }
      const cluster =
        fault.deploy === undefined ? await this.#standardCluster(deployment) : await fault.deploy(scope, own)
      const result = await runRound(fault, cluster, seed, deployment.build)
      this.results.push(result)
      console.log(lineOf(result))
      if (result.violations.length > 0)
        for (const replica of cluster.replicas) console.error(`${replica.name} logged last: ${replica.log}`)
      if (result.isClusterBroken) await this.#discardStandard()
      for (const { invariant, message } of result.violations.slice(0, MAX_SHOWN_VIOLATIONS))
        console.log(`  ${invariant}: ${message}`)
      if (result.violations.length > MAX_SHOWN_VIOLATIONS)
        console.log(`  and ${String(result.violations.length - MAX_SHOWN_VIOLATIONS)} more`)
    } finally {
      await scope.end()
    }
  }

  /** The cluster that most faults share: it lives as long as the run. */
  async #standardCluster ({ folder, build }: Deployment): Promise<FaultCluster> {
    if (this.#standard === undefined) {
      const scope = new RunScope()
      this.#scope.teardown(() => scope.end())
      this.#standard = {
        scope,
        cluster: await startStandardCluster(scope, {
          folder: path.join(folder, `cluster-${String(this.#clusters++)}`),
          build
        })
      }
    }
    return this.#standard.cluster
  }

  async #discardStandard (): Promise<void> {
    await this.#standard?.scope.end()
    this.#standard = undefined
  }

  async #prepare (): Promise<Deployment> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-faults-'))
    this.#scope.teardown(() => rm(folder, { recursive: true, force: true }))
    // Postgres runs as somebody else.
    await chmod(folder, 0o755)
    return { folder, build: await this.#build(path.join(folder, 'build')), previous: this.#options.previous }
  }

  async #build (folder: string): Promise<Build> {
    const { without } = this.#options
    if (without === undefined) return CURRENT_BUILD
    const build = await copyBuild(folder)
    await switchOff(without, build)
    return build
  }
}

function shuffled<Item> (items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, place: random.fraction() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

async function main (): Promise<number> {
  const missing = await missingPrograms()
  if (missing.length > 0) {
    console.error(`The fault suite needs what is not here: ${missing.join(', ')}.`)
    return 1
  }
  const options = readOptions(process.argv.slice(2))
  console.log(
    `The order of the faults and the choices within them can be made again with --seed ${String(options.seed)}.`
  )
  if (options.without !== undefined)
    console.log(
      `Without ${options.without}: this run must fail (${SAFEGUARDS[options.without].revealedBy.join(', ')}).`
    )
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
  const run = new Run(options, scope)
  let error: unknown
  try {
    await run.all()
  } catch (thrown) {
    error = thrown
    console.error(thrown)
  } finally {
    await scope.end()
  }
  console.log(`\n${run.report}\n`)
  const failed = run.results.filter(({ violations }) => violations.length > 0)
  const broken = failed.length + (error === undefined ? 0 : 1)
  console.log(`faults: ${String(run.results.length - failed.length)} passed, ${String(broken)} failed`)
  return broken === 0 && run.results.length > 0 ? 0 : 1
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
)
