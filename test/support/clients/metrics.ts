/** The metrics of a replica, as Prometheus would read them. */
import type { Replica } from '../../../src/server/replica.ts'
import { eventually } from '../deadline.ts'

/** Labels of a series, by name. */
export type Labels = Readonly<Record<string, string>>
type Series = { name: string, labels: Labels, value: number }

/** One scrape. */
export class Scrape {
  readonly text: string
  readonly series: readonly Series[]
  /** What is said of each metric. */
  readonly help = new Map<string, string>()
  readonly types = new Map<string, string>()

  /** @throws when a line is not in the text format of Prometheus */
  constructor (text: string) {
    this.text = text
    this.series = text
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        const [, kind, of, rest] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? []
        if (kind !== undefined && of !== undefined && rest !== undefined) {
          ;(kind === 'HELP' ? this.help : this.types).set(of, rest)
          return []
        }
        const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
        if (
          name === undefined ||
          value === undefined ||
          (Number.isNaN(Number(value)) && !/^(nan|[+-]inf)$/i.test(value))
        )
          throw new Error(`No metric: ${line}`)
        return [{ name, labels: labelsOf(labels), value: Number(value) }]
      })
  }

  /** The sum of the series of that name with these labels; undefined when there is none. */
  value (name: string, labels: Labels = {}): number | undefined {
    const found = this.series.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value)
    )
    return found.length === 0 ? undefined : found.reduce((sum, one) => sum + one.value, 0)
  }

  /** The values that a label of a metric has. */
  valuesOf (name: string, label: string): string[] {
    return [...new Set(this.series.filter((one) => one.name === name).map((one) => one.labels[label] ?? ''))].sort()
  }
}

function labelsOf (text: string): Labels {
  const pairs = [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)"(?:,|$)/g)]
  if (pairs.map(([pair]) => pair).join('') !== text) throw new Error(`No labels: ${text}`)
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
}

/** Reads the metrics of a replica. */
export async function scrape ({ metricsUrl }: Pick<Replica, 'metricsUrl'>): Promise<Scrape> {
  if (metricsUrl === undefined) throw new Error('The replica serves no metrics: start it with METRICS_PORT.')
  const response = await fetch(metricsUrl)
  if (response.status !== 200) throw new Error(`The metrics answer ${String(response.status)}.`)
  return new Scrape(await response.text())
}

/** Reads the metrics until a value is as wanted. @returns the last value */
export async function metricBecomes (
  replica: Replica,
  name: string,
  labels: Labels,
  isRight: (value: number) => boolean
): Promise<number | undefined> {
  let last: number | undefined
  await eventually(async () => {
    last = (await scrape(replica)).value(name, labels)
    return last !== undefined && isRight(last)
  }, 30_000)
  return last
}

/** How much a number of a replica grows while something is done; asked again until it has grown, if it does. */
export async function growth (
  replica: Replica,
  name: string,
  labels: Labels,
  action: () => Promise<unknown>
): Promise<number> {
  const before = (await scrape(replica)).value(name, labels) ?? 0
  await action()
  const after = await metricBecomes(replica, name, labels, (value) => value > before)
  return (after ?? 0) - before
}
