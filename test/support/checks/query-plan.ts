/** The rows that a query reads and computes, from its execution plan. */
import { sql, type SQLWrapper } from 'drizzle-orm'
import type { Orm } from '../../../src/store/database.ts'
import { at, isRecord, listAt, textAt } from '../data/json.ts'

/** Runs a query. @returns how many rows of each table were looked at, those that were filtered out included */
export async function rowsVisited (orm: Orm, query: SQLWrapper): Promise<Map<string, number>> {
  const visited = new Map<string, number>()
  visit(await planOf(orm, query), visited)
  return visited
}

/** Runs a query. @returns the conditions that are worked out for each row that is looked at */
export async function rowConditions (orm: Orm, query: SQLWrapper): Promise<string[]> {
  return conditionsOf(await planOf(orm, query))
}

async function planOf (orm: Orm, query: SQLWrapper): Promise<unknown> {
  const result: unknown = await orm.execute(sql`explain (analyze, timing off, format json) ${query.getSQL()}`)
  const [row] = Array.isArray(result) ? listAt(result) : listAt(result, 'rows')
  return at(row, 'QUERY PLAN', 0, 'Plan')
}

function conditionsOf (node: unknown): string[] {
  if (!isRecord(node)) return []
  const own = ['Filter', 'Join Filter'].flatMap((kind) => (kind in node ? [textAt(node, kind)] : []))
  return [...own, ...('Plans' in node ? listAt(node, 'Plans').flatMap(conditionsOf) : [])]
}

function visit (node: unknown, visited: Map<string, number>): void {
  const number = (key: string) => Number(at(node, key) ?? 0)
  if (isRecord(node) && 'Relation Name' in node) {
    const table = textAt(node, 'Relation Name')
    const perLoop =
      number('Actual Rows') +
      number('Rows Removed by Filter') +
      number('Rows Removed by Index Recheck') +
      number('Rows Removed by Join Filter')
    visited.set(table, (visited.get(table) ?? 0) + perLoop * number('Actual Loops'))
  }
  if (isRecord(node) && 'Plans' in node) for (const child of listAt(node, 'Plans')) visit(child, visited)
}
