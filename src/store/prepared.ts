/** Statements that are built once per database: their SQL is neither composed nor planned again for each call. */
import type { Orm } from './database.ts'

/**
 * Wraps a builder of statements, so that it runs once for each database.
 * @returns the statements of a database; not to be called with a transaction, which has its own connection
 */
export function oncePerDatabase<Statements> (build: (orm: Orm) => Statements): (orm: Orm) => Statements {
  const built = new WeakMap<Orm, Statements>()
  return (orm) => {
    let statements = built.get(orm)
    if (statements === undefined) built.set(orm, statements = build(orm))
    return statements
  }
}
