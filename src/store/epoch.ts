/**
 * The identity of the data: the installation it belongs to, and its epoch. The epoch changes when acknowledged rows may
 * have been lost.
 */
import { sql } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { epochs, installations } from './schema.ts'

const LENGTH = 16

/** The installation that the data belongs to, and its epoch. */
export type DataIdentity = {
  /** A UUID, generated with the tables and included in dumps. */
  installationId: string
  /** The epoch as clients know it: a short opaque string. */
  epoch: string
  /** The epoch for internal use: it differs between any two databases, even if one is a copy of the other. */
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
 * Reads the identity. The epoch consists of the id of the installation, Postgres' system identifier, the database, the
 * timeline (different after a standby was promoted or a base backup recovered), facts that a restored dump cannot
 * contain, and the counter of {@link bumpEpoch}; see the SQL function `current_installation`.
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

/** Largest step of the counter. */
const MAX_STEP = 1_000_000

/**
 * Begins a new epoch: for an operator who restored the data by means that Postgres does not notice, such as a disk
 * snapshot. The step is random: after a second restore of the same snapshot the epoch must not be that of the first.
 */
export async function bumpEpoch (orm: Orm): Promise<void> {
  await orm.update(epochs).set({ counter: sql`${epochs.counter} + 1 + floor(random() * ${MAX_STEP})::int` })
}

/**
 * Turns the database into another installation, with an epoch of its own: for a copy that is used beside its origin.
 */
export async function renewInstallation (orm: Orm): Promise<void> {
  await orm.update(installations).set({ installationId: sql`gen_random_uuid()` })
}
