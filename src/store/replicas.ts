/** The replicas: those that are connected to the database, and what they say of themselves. */
import { asc, eq, gt, lte, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { REPLICA_NAME } from './postgres/startup-settings.ts'
import { files, replicas, type ReplicaState } from './schema.ts'
import { after, NOW } from './sql.ts'

/**
 * Counts the other replicas. Postgres shows the names of all connections to every role.
 * @param replica the number of this one
 */
export async function countOtherReplicas (orm: Orm, replica: string): Promise<number> {
  const number = sql`substring(application_name from ${REPLICA_NAME})`
  const [row] = await orm
    .select({ count: sql`count(distinct ${number})`.mapWith(Number) })
    .from(sql`pg_stat_activity`)
    .where(sql`datname = current_database() and ${number} <> ${replica}`)
  return row?.count ?? 0
}

/** A replica that has said something of itself lately. */
export type ReplicaRow = typeof replicas.$inferSelect

/** Notes what a replica says of itself. */
export async function noteReplica (orm: Orm, id: string, state: ReplicaState): Promise<void> {
  await orm.insert(replicas).values({ id, state })
    .onConflictDoUpdate({ target: replicas.id, set: { state, seenAt: NOW } })
}

/** Forgets a replica that ends, and those that said nothing for so long. */
export async function forgetReplicas (orm: Orm, id: string, silentMs: number): Promise<void> {
  await orm.delete(replicas).where(or(eq(replicas.id, id), lte(replicas.seenAt, after(-silentMs))))
}

/** The replicas that have said something within so long, the oldest first. */
export async function listReplicas (orm: Orm, withinMs: number): Promise<ReplicaRow[]> {
  return orm.select().from(replicas).where(gt(replicas.seenAt, after(-withinMs))).orderBy(asc(replicas.startedAt))
}

/** How large things are: all tables, and all files. */
export type StoredSizes = { databaseBytes: number, files: number, fileBytes: number }

/** Measures them, which reads the table of files as a whole. */
export async function measureSizes (orm: Orm): Promise<StoredSizes> {
  const [row] = await orm.select({
    databaseBytes: sql`pg_database_size(current_database())`.mapWith(Number),
    files: sql`count(*)`.mapWith(Number),
    fileBytes: sql`coalesce(sum(${files.size}), 0)`.mapWith(Number)
  }).from(files)
  return row ?? { databaseBytes: 0, files: 0, fileBytes: 0 }
}

/** The version of Postgres, such as `17.5`. */
export async function readPostgresVersion (orm: Orm): Promise<string> {
  const [row] = await orm.select({ version: sql<string>`current_setting('server_version')` }).from(sql`(select) one`)
  return row?.version.split(' ')[0] ?? ''
}
