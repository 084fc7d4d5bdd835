/** Queries on the jobs that mail users about unread messages. */
import { and, eq, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import type { Claim } from './jobs.ts'
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

/** Takes its key from a job that is under way: messages that come from now on get a job of their own. */
export async function beginUnreadMail (orm: Orm, { id, claim }: Claim): Promise<void> {
  await orm.update(jobs).set({ key: null }).where(and(eq(jobs.id, id), eq(jobs.claim, claim)))
}
