/** The bench: every chosen scenario on every chosen server, run after run, and a table at the end. */
import { writeFileSync } from 'node:fs'
import { Lab } from './lab/lab.ts'
import type { ServerName } from './lab/servers.ts'
import { readOptions, type Options } from './options.ts'
import { figure, machineLine, Report } from './report.ts'
import type { Scenario } from './scenarios/scenario.ts'

/** The exit code of a process that a signal ended, as shells report it. */
const INTERRUPTED = 130

async function measure (
  lab: Lab,
  options: Options,
  report: Report,
  scenario: Scenario,
  server: ServerName,
  run: number
): Promise<void> {
  const what = `run ${String(run + 1)}, ${scenario.name}, ${server}`
  try {
    const figures = await scenario.measure(lab, server, options)
    const seen = new Map<string, number>()
    for (const one of figures) {
      // A scenario that does all its runs in one go answers one figure of each title for each run.
      const place = seen.get(one.title) ?? run
      seen.set(one.title, place + 1)
      report.add(server, place, one)
      console.error(`${what}: ${figure(one.value)} ${one.unit}${one.detail === undefined ? '' : ` (${one.detail})`}`)
    }
  } catch (error) {
    report.fail(what, error)
    console.error(`${what}: failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function measureAll (lab: Lab, options: Options, report: Report): Promise<void> {
  for (let run = 0; run < options.runs; run++) {
    for (const scenario of options.scenarios) {
      if (scenario.atOnce === true && run > 0) continue
      const servers = options.servers.filter((server) => scenario.servers.includes(server))
      // Another server begins in each run, so that none always profits from its place.
      for (let i = 0; i < servers.length; i++) {
        const server = servers[(i + run) % servers.length]
        if (server !== undefined) await measure(lab, options, report, scenario, server, run)
      }
    }
  }
}

const options = readOptions(process.argv.slice(2))
const lab = new Lab(options.databaseUrl, options.redisUrl)
const report = new Report(options.reference)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void lab.close().finally(() => process.exit(INTERRUPTED))
  })
}

try {
  const machine = machineLine(await lab.databaseFacts(), options.runs, options.seconds)
  await measureAll(lab, options, report)
  const table = report.markdown(machine)
  console.log(table)
  if (options.out !== undefined) writeFileSync(options.out, table)
} finally {
  await lab.close()
}
process.exitCode = report.failed ? 1 : 0
