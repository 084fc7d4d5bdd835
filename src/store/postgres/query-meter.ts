/** Counts and times the queries of a pool. */
import type { Metrics } from '../../observability/metrics/metrics.ts'

const MS_PER_S = 1_000
/** The kinds of statements that are distinguished; all others are `other`. */
const OPS = ['select', 'insert', 'update', 'delete', 'with'] as const
type Op = typeof OPS[number] | 'post' | 'transaction' | 'other'

/** Registers the start of a query; a transaction counts as one. @returns a function to call at its end */
export function meterQuery (statement: string | undefined, metrics: Metrics): () => void {
  const start = performance.now()
  metrics.queriesRunning++
  return () => {
    metrics.queriesRunning--
    metrics.querySeconds.observe({ op: opOf(statement) }, (performance.now() - start) / MS_PER_S)
  }
}

/** The kind of a statement: its first word, or `post` for those that store posts. */
function opOf (statement: string | undefined): Op {
  if (statement === undefined) return 'transaction'
  if (statement.includes('post_messages(') || statement.startsWith('with "post_head"')) return 'post'
  const [word = ''] = /^\w*/.exec(statement) ?? []
  return OPS.find((op) => op === word.toLowerCase()) ?? 'other'
}
