/** Forms of data that replicas of an older release cannot read: written only when no such replica is connected. */
import { eq, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { features } from './schema.ts'

const EVENTS = 'events'
/** The `application_name` of connections of release 0.1, which stops at events that are no messages. */
const FIRST_RELEASE = 'confab'

/**
 * Whether `chat_events` may be written: from the first time that no replica of release 0.1 is connected. A server that
 * has just started says nothing, since its clients may not be back.
 */
export async function mayWriteEvents (orm: Orm): Promise<boolean> {
  const [known] = await orm.select({ name: features.name }).from(features).where(eq(features.name, EVENTS))
  if (known !== undefined) return true
  const [allowed] = await orm
    .insert(features)
    .select(
      sql`select ${EVENTS}::text, now() where pg_postmaster_start_time() < now() - interval '1 minute' and not exists
        (select from pg_stat_activity where datname = current_database() and application_name = ${FIRST_RELEASE}::text)`
    )
    .onConflictDoNothing()
    .returning({ name: features.name })
  return allowed !== undefined
}
