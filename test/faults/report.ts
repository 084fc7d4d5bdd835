/** The table that a run ends with, in Markdown. */
import { cpus, totalmem } from 'node:os'
import type { RoundResult } from './round.ts'

const MS_PER_S = 1_000
const BYTES_PER_GIB = 2 ** 30

/** A fault that was left out, and why. */
export type Skipped = { readonly id: string, readonly title: string, readonly reason: string }

/** What a run was. */
export type RunFacts = { readonly seed: number, readonly startedAt: number, readonly build: string }

/** The table of all rounds, those of one fault together. */
export function reportOf (
  results: readonly RoundResult[],
  skipped: readonly Skipped[],
  { seed, startedAt, build }: RunFacts
): string {
  const byFault = new Map<string, RoundResult[]>()
  for (const result of results) byFault.set(result.fault.id, [...(byFault.get(result.fault.id) ?? []), result])
  const groups = [...byFault.values()].sort(([a], [b]) => numberOf(a) - numberOf(b))
  const minutes = (Date.now() - startedAt) / (60 * MS_PER_S)
  const lines = [
    `${String(results.length)} rounds in ${minutes.toFixed(1)} minutes, seed ${String(seed)}, ${build}; ` +
    `${String(cpus().length)} × ${cpus()[0]?.model ?? 'CPU'}, ${(totalmem() / BYTES_PER_GIB).toFixed(0)} GiB, Node ` +
    process.version,
    '',
    '| fault | | rounds | injected | acknowledged | lost | doubled | reordered | longest gap in delivery | time to ' +
    'recover | peak memory |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...groups.map((group) => rowOf(group)),
    totalOf(results)
  ]
  for (const { id, title, reason } of skipped) lines.push('', `Left out: ${id}, ${title}: ${reason}.`)
  for (const { fault, notes } of results) for (const note of notes) lines.push('', `${fault.id}: ${note}`)
  return lines.join('\n')
}

/** One line about a round, for whoever watches. */
export function lineOf ({ fault, acked, violations, damage, longestGapMs, recoveryMs, peakMiB }: RoundResult): string {
  const verdict = violations.length === 0 ? 'ok' : 'FAILED'
  return (
    `${verdict} ${fault.id} ${fault.title}: ${String(acked)} acknowledged, ${String(damage.lost)} lost, ` +
    `${String(damage.doubled)} doubled, ` +
    `${String(damage.reordered)} reordered; longest gap ${seconds(longestGapMs)}, recovered in ` +
    `${seconds(recoveryMs)}, ${peakMiB.toFixed(0)} MiB`
  )
}

function rowOf (group: readonly RoundResult[]): string {
  const [first] = group
  const sum = (of: (result: RoundResult) => number) => String(group.reduce((total, result) => total + of(result), 0))
  const most = (of: (result: RoundResult) => number) => Math.max(...group.map(of))
  return `| ${[
    first?.fault.id,
    first?.fault.title,
    String(group.length),
    sum(({ injections }) => injections),
    sum(({ acked }) => acked),
    sum(({ damage }) => damage.lost),
    sum(({ damage }) => damage.doubled),
    sum(({ damage }) => damage.reordered),
    seconds(most(({ longestGapMs }) => longestGapMs)),
    seconds(most(({ recoveryMs }) => recoveryMs)),
    `${most(({ peakMiB }) => peakMiB).toFixed(0)} MiB`
  ].join(' | ')} |`
}

function totalOf (results: readonly RoundResult[]): string {
  const sum = (of: (result: RoundResult) => number) =>
    `**${String(results.reduce((total, result) => total + of(result), 0))}**`
  return (
    `| | **all** | ${sum(() => 1)} | ${sum(({ injections }) => injections)} | ${sum(({ acked }) => acked)} | ` +
    `${sum(({ damage }) => damage.lost)} | ${sum(({ damage }) => damage.doubled)} | ` +
    `${sum(({ damage }) => damage.reordered)} | | | |`
  )
}

function numberOf (result: RoundResult | undefined): number {
  return Number(/\d+/.exec(result?.fault.id ?? '')?.[0] ?? 0)
}

function seconds (ms: number): string {
  return `${(ms / MS_PER_S).toFixed(2)} s`
}
