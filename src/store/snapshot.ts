/** Reading one state of the store by several queries. */
import type { Orm } from './database.ts'

/** Runs queries that all see the same state. */
export async function inSnapshot<Result> (orm: Orm, work: (tx: Orm) => Promise<Result>): Promise<Result> {
  return orm.transaction(work, { isolationLevel: 'repeatable read', accessMode: 'read only' })
}
