/** The replicas that are connected to the database, recognised by the names of their connections. */
import { sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { REPLICA_NAME } from './postgres/startup-settings.ts'

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
