/**
 * The identity of the data: whose it is (the installation), and which history of it this is (the epoch). The epoch
 * changes when acknowledged rows may have gone.
 */
import { sql } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { epochs, installations } from './schema.ts'

const LENGTH = 16

/** Whose data it is, and which history of it. */
export type DataIdentity = {
  /** A UUID, made with the tables; a dump brings it along. */
  installationId: string
  /** The history as clients know it: a short string without meaning of its own. */
  epoch: string
  /** The history for our own use: no two databases have the same, not even when one is a copy of the other. */
  scope: string
}

const statements = oncePerDatabase((orm) => ({
  current: orm
    .select({
      installationId: sql<string>`installation_id::text`,
      history: sql<string>`history`,
      knownAs: sql<string>`known_as`
    })
    .from(sql`current_installation()`)
    .prepare('current_installation')
}))

/**
 * Reads the identity. The history is made of the id of the installation, Postgres' system identifier, the database,
 * the timeline (another after a standby was promoted or a base backup was recovered), what a restored dump cannot bring
 * along, and the counter of {@link bumpEpoch}; see the SQL function `current_installation`.
 * @throws while the server is a standby
 */
export async function readIdentity (orm: Orm): Promise<DataIdentity> {
  const [row] = await statements(orm).current.execute()
  if (row === undefined) throw new Error('The database has no installation: its row was deleted.')
  return { installationId: row.installationId, epoch: digest(row.knownAs), scope: digest(row.history) }
}

function digest (history: string): string {
  return createHash('sha256').update(history).digest('base64url').slice(0, LENGTH)
}

/**
 * Begins a new epoch: for an operator who restored the data by means that Postgres does not notice, such as a disk
 * snapshot.
 */
export async function bumpEpoch (orm: Orm): Promise<void> {
  await orm.update(epochs).set({ counter: sql`${epochs.counter} + 1` })
}

/**
 * Makes another installation of the database, with an epoch of its own: for a copy that is to live beside its origin.
 */
export async function renewInstallation (orm: Orm): Promise<void> {
  await orm.update(installations).set({ installationId: sql`gen_random_uuid()` })
}
