/** The epoch: it identifies the timeline of the data, and changes when acknowledged rows may have been lost. */
import { sql } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { epochs } from './schema.ts'

const LENGTH = 16

const statements = oncePerDatabase((orm) => ({
  current: orm
    .select({ history: sql<string>`current_history()` })
    .from(sql`(select) as nothing`)
    .prepare('current_epoch')
}))

/**
 * Reads the epoch: a short opaque string. It consists of Postgres' system identifier (different after a dump was
 * restored elsewhere), its timeline (different after a standby was promoted or a base backup recovered) and the counter
 * of {@link bumpEpoch}.
 * @throws while the server is a standby
 */
export async function readEpoch (orm: Orm): Promise<string> {
  const [row] = await statements(orm).current.execute()
  if (row === undefined) throw new Error('The database tells no epoch.')
  return createHash('sha256').update(row.history).digest('base64url').slice(0, LENGTH)
}

/**
 * Begins a new epoch: for an operator who restored the data by means that Postgres does not notice, such as a disk
 * snapshot.
 */
export async function bumpEpoch (orm: Orm): Promise<void> {
  await orm.update(epochs).set({ counter: sql`${epochs.counter} + 1` })
}
