/** The epoch: which history of the database this is. It changes when acknowledged rows may have gone. */
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
 * Reads the epoch: a short string without meaning of its own. It is made of Postgres' system identifier (another after
 * a dump was restored elsewhere), its timeline (another after a standby was promoted or a base backup was recovered)
 * and the counter of {@link bumpEpoch}.
 * @throws while the server is a standby
 */
export async function readEpoch (orm: Orm): Promise<string> {
  const [row] = await statements(orm).current.execute()
  if (row === undefined) throw new Error('The database tells no epoch.')
  return createHash('sha256').update(row.history).digest('base64url').slice(0, LENGTH)
}

/**
 * Begins a new epoch: for an operator who put the data back by means that Postgres does not notice, such as a disk
 * snapshot.
 */
export async function bumpEpoch (orm: Orm): Promise<void> {
  await orm.update(epochs).set({ counter: sql`${epochs.counter} + 1` })
}
