/**
 * Writes of several parts of the domain that are committed together. What others learn of them, such as a hint on the
 * bus, has to wait for the commit: they would read the state of before, and nothing would tell them again.
 */
import type { Orm } from './database.ts'

/**
 * Runs work when the writes before it are committed: in a unit after its commit, elsewhere at once. Resolves then, but
 * in a unit at once.
 */
export type AfterCommit = (work: () => Promise<void> | void) => Promise<void>

/** Where a part of the domain writes, and what waits for the commit. */
export type UnitOfWork = {
  /** A transaction, in which further ones are savepoints; one thing at a time may use it. */
  readonly orm: Orm
  readonly afterCommit: AfterCommit
}

/** Outside of a unit: each transaction is committed by itself. */
export const atOnce: AfterCommit = async (work) => {
  await work()
}
