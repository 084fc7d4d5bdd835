/** Adapter: the metrics in the text format of Prometheus, by prom-client. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { catalogue, type MetricSource, type Readings } from './catalogue.ts'
import { type Distribution, LabelledDistribution } from './distribution.ts'
import type { Metrics } from './metrics.ts'

/**
 * Default metrics of the library that list every handle of the process: with 16,000 sockets they block it for 35 ms per
 * scrape.
 */
const STALLING = ['handles', 'requests', 'resources'].flatMap((what) => [
  `nodejs_active_${what}`,
  `nodejs_active_${what}_total`
])

/** The source of the answer to a scrape. */
export type Exposition = {
  readonly contentType: string
  /** Reads every metric; those that cannot be read now are left out. */
  read: () => Promise<string>
}

/** Registers the metrics of a replica and of its process. */
export function exposeMetrics (metrics: Metrics, readings: Readings): Exposition {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of STALLING) registry.removeSingleMetric(name)
  const histograms: (() => string)[] = []
  for (const source of catalogue(metrics, readings)) {
    if (source.kind === 'counter') addCounter(registry, source)
    else if (source.kind === 'gauge') addGauge(registry, source)
    else histograms.push(() => histogramText(source))
  }
  return {
    contentType: registry.contentType,
    read: async () => [await registry.metrics(), ...histograms.map((text) => text())].join('\n')
  }
}

type SourceOf<Kind> = Extract<MetricSource, { kind: Kind }>

function addCounter (registry: Registry, source: SourceOf<'counter'>): void {
  const { name, help } = source
  new Counter({
    name,
    help,
    registers: [registry],
    labelNames: 'label' in source ? [source.label] : [],
    collect () {
      this.reset()
      if ('value' in source) this.inc(source.value())
      else for (const [value, count] of source.tally.entries()) this.inc({ [source.label]: value }, count)
    }
  })
}

function addGauge (registry: Registry, source: SourceOf<'gauge'>): void {
  const { name, help } = source
  new Gauge({
    name,
    help,
    registers: [registry],
    labelNames: 'label' in source ? [source.label] : [],
    async collect () {
      try {
        if ('values' in source) {
          const readings = await source.values()
          this.reset()
          for (const [value, reading] of Object.entries(readings)) this.set({ [source.label]: value }, reading)
        } else this.set(await source.value())
      } catch {
        if ('values' in source) this.reset()
        else this.remove()
      }
    }
  })
}

/** The library's histograms accept single values only, so these are formatted here. */
function histogramText ({ name, help, of }: SourceOf<'histogram'>): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`]
  if (of instanceof LabelledDistribution)
    for (const { labels, distribution } of of.series()) addSeries(lines, name, labels, distribution)
  else addSeries(lines, name, {}, of)
  return `${lines.join('\n')}\n`
}

function addSeries (
  lines: string[],
  name: string,
  labels: Record<string, string>,
  { bounds, counts, sum }: Distribution
): void {
  let count = 0
  for (const [index, bound] of [...bounds, '+Inf'].entries()) {
    count += counts[index] ?? 0
    lines.push(`${name}_bucket${labelText({ ...labels, le: String(bound) })} ${String(count)}`)
  }
  lines.push(`${name}_sum${labelText(labels)} ${String(sum)}`, `${name}_count${labelText(labels)} ${String(count)}`)
}

function labelText (labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/["\\\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`
  )
  return pairs.length === 0 ? '' : `{${pairs.join()}}`
}
