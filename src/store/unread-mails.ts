/** Queries on the jobs that mail users about unread messages. */
import { sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { jobs } from './schema.ts'

/** The kind of jobs that mail users about unread messages. */
export const UNREAD_MAIL_KIND = 'unread-mail'

/** Has a mail be made for each of these users, after the time that each has chosen; one that waits keeps its time. */
export async function insertUnreadMails (
  orm: Orm, users: readonly { userId: number, mailAfterMinutes: number | null }[]
): Promise<void> {
  if (users.length === 0) return
  await orm.insert(jobs).values(users.map(({ userId, mailAfterMinutes }) => ({
    kind: UNREAD_MAIL_KIND,
    key: String(userId),
    payload: { user: userId },
    dueAt: sql`now() + ${mailAfterMinutes ?? 0}::integer * interval '1 minute'`
  }))).onConflictDoNothing()
}
