/** Counts and times what goes through a postgres.js client. */
import type { Sql } from 'postgres'
import type { Metrics } from '../metrics/metrics.ts'

const MS_PER_S = 1_000
/** The kinds of statements that are told apart; others are `other`. */
const OPS = ['select', 'insert', 'update', 'delete', 'with'] as const
type Op = typeof OPS[number] | 'post' | 'transaction' | 'other'

/** A client that does the same, while its queries are counted and timed. What a transaction does counts as one. */
export function metered (client: Sql, metrics: Metrics): Sql {
  const track = (op: Op, work: unknown) => {
    const start = performance.now()
    metrics.queriesRunning++
    const end = () => {
      metrics.queriesRunning--
      metrics.querySeconds.observe({ op }, (performance.now() - start) / MS_PER_S)
    }
    Promise.resolve(work).then(end, end)
    return work
  }
  const methods: Partial<Record<string | symbol, unknown>> = {
    unsafe: new Proxy(client.unsafe.bind(client), {
      apply: (method, self, parameters) => track(opOf(String(parameters[0])), Reflect.apply(method, self, parameters))
    }),
    begin: new Proxy(client.begin.bind(client), {
      apply: (method, self, parameters) => track('transaction', Reflect.apply(method, self, parameters))
    })
  }
  return new Proxy(client, { get: (target, property) => methods[property] ?? Reflect.get(target, property) as unknown })
}

/** The kind of a statement: its first word, or that it stores posts. */
function opOf (statement: string): Op {
  if (statement.includes('post_messages(')) return 'post'
  const [word = ''] = /^\w*/.exec(statement) ?? []
  return OPS.find((op) => op === word.toLowerCase()) ?? 'other'
}
