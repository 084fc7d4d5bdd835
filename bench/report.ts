/** The figures of all runs, and the table they become. */
import { availableParallelism, cpus, totalmem } from 'node:os'
import { SERVER_TITLES, type ServerName } from './lab/servers.ts'
import type { Figure } from './scenarios/scenario.ts'
import { median } from './stats.ts'

/** A figure with its run, so that servers are compared within a run. */
interface Entry extends Figure {
  server: ServerName
  run: number
}

export class Report {
  readonly #entries: Entry[] = []
  readonly #failures: string[] = []
  readonly #reference: ServerName

  /** @param reference the server that the others are compared with */
  constructor (reference: ServerName) {
    this.#reference = reference
  }

  add (server: ServerName, run: number, figure: Figure): void {
    this.#entries.push({ ...figure, server, run })
  }

  /** Only the first line of the reason goes below the table; the log has the rest. */
  fail (what: string, error: unknown): void {
    const sentence = error instanceof Error ? error.message : String(error)
    this.#failures.push(`${what}: ${sentence.trim().split('\n')[0] ?? ''}`)
  }

  get failed (): boolean {
    return this.#failures.length > 0
  }

  /** The table, the machine line above it and what went wrong below it. */
  markdown (machine: string): string {
    const titles = [...new Set(this.#entries.map(({ title, unit }) => `${title}|${unit}`))]
    const lines = titles.flatMap((key) => {
      const rows = this.#entries.filter(({ title, unit }) => `${title}|${unit}` === key)
      return [...new Set(rows.map(({ server }) => server))].map((server) => this.#line(rows, server))
    })
    return [
      machine,
      '',
      '| scenario | unit | server | median | min–max | ratio to ' +
      `${SERVER_TITLES[this.#reference].split(' ', 1).join()} | out of order | lost |`,
      '|---|---|---|--:|--:|--:|--:|--:|',
      ...lines,
      ...(this.failed ? ['', 'Failed:', '', ...this.#failures.map((failure) => `- ${failure}`)] : []),
      ''
    ].join('\n')
  }

  #line (rows: Entry[], server: ServerName): string {
    const mine = rows.filter((row) => row.server === server)
    const values = mine.map(({ value }) => value)
    const verdicts = mine.flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict]))
    const sum = (pick: (verdict: (typeof verdicts)[number]) => number) =>
      verdicts.reduce((total, one) => total + pick(one), 0)
    const ordered = verdicts.length > 0 && !server.startsWith('floor')
    const cells = [
      mine[0]?.title ?? '',
      mine[0]?.unit ?? '',
      SERVER_TITLES[server],
      figure(median(values)),
      `${figure(Math.min(...values))}–${figure(Math.max(...values))}`,
      ratio(rows, mine, this.#reference),
      ordered
        ? share(
            sum(({ outOfOrder }) => outOfOrder),
            sum(({ deliveries }) => deliveries)
          )
        : '–',
      verdicts.length > 0
        ? remarks(
            sum(({ lost }) => lost),
            sum(({ duplicates }) => duplicates),
            sum(({ errors, closed }) => errors + closed)
          )
        : '–'
    ]
    return `| ${cells.join(' | ')} |`
  }
}

/** Median of the ratios within each run: what a machine does to all servers of a run cancels out. */
function ratio (rows: Entry[], mine: Entry[], reference: ServerName): string {
  const ratios = mine.flatMap(({ run, value }) => {
    const other = rows.find((row) => row.server === reference && row.run === run)
    return other === undefined ? [] : [value / other.value]
  })
  return ratios.length === 0 ? '–' : `${median(ratios).toFixed(2)} ×`
}

function share (part: number, whole: number): string {
  if (part === 0) return '0'
  const percent = (100 * part) / whole
  return percent < 0.1 ? `${String(part)} of ${String(whole)}` : `${percent.toFixed(1)} %`
}

function remarks (lost: number, doubled: number, failed: number): string {
  return [String(lost), doubled > 0 ? `${String(doubled)} doubled` : '', failed > 0 ? `${String(failed)} errors` : '']
    .filter((part) => part !== '')
    .join(', ')
}

/** Three significant digits, at least the whole part. */
export function figure (value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** What the figures were measured on. */
export function machineLine (
  database: { version: string, synchronousCommit: string },
  runs: number,
  seconds: number
): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return (
    `${String(availableParallelism())} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${String(memory)} GiB, ` +
    `Node ${process.versions.node}, ` +
    `Postgres ${database.version} with synchronous_commit = ${database.synchronousCommit}; ${String(runs)} runs of ` +
    `${String(seconds)} s, servers alternating.`
  )
}
