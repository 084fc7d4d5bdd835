/** Queries on mails to be sent, and on the addresses of the newsletter. */
import { and, eq, isNull, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { mailOutbox, subscribers } from './schema.ts'

/** A row of `mail_outbox`. */
export type OutboxRow = typeof mailOutbox.$inferSelect
/** A mail to send. */
export type OutboxMail = Pick<OutboxRow, 'recipient' | 'subject' | 'text' | 'html'>

/** Inserts a mail; it is due as soon as the transaction commits. */
export async function insertMail (orm: Orm, mail: OutboxMail): Promise<void> {
  await orm.insert(mailOutbox).values(mail)
}

/**
 * Claims mails that are due, so that no other replica takes them before `leaseUntil`.
 * @returns the claimed rows, with this attempt counted
 */
export async function claimMails (orm: Orm, limit: number, now: Date, leaseUntil: Date): Promise<OutboxRow[]> {
  const due = orm.select({ id: mailOutbox.id }).from(mailOutbox)
    .where(and(isNull(mailOutbox.failedAt), lte(mailOutbox.dueAt, now)))
    .orderBy(mailOutbox.dueAt).limit(limit).for('update', { skipLocked: true })
  return orm.update(mailOutbox)
    .set({ dueAt: leaseUntil, attempts: sql`${mailOutbox.attempts} + 1` })
    .where(sql`${mailOutbox.id} in ${due}`).returning()
}

/** Creation time of the oldest mail that waits to be sent; undefined when none does. */
export async function findOldestMail (orm: Orm): Promise<Date | undefined> {
  const [row] = await orm.select({ createdAt: mailOutbox.createdAt }).from(mailOutbox)
    .where(isNull(mailOutbox.failedAt)).orderBy(mailOutbox.createdAt).limit(1)
  return row?.createdAt
}

/** Deletes a mail that was sent, with its text. */
export async function removeMail (orm: Orm, id: number): Promise<void> {
  await orm.delete(mailOutbox).where(eq(mailOutbox.id, id))
}

/** Postpones a mail. */
export async function postponeMail (orm: Orm, id: number, dueAt: Date): Promise<void> {
  await orm.update(mailOutbox).set({ dueAt }).where(eq(mailOutbox.id, id))
}

/** Gives up a mail. The row stays for the operator, without its text: that may contain a code. */
export async function giveUpMail (orm: Orm, id: number, now: Date): Promise<void> {
  await orm.update(mailOutbox).set({ failedAt: now, text: '', html: '' }).where(eq(mailOutbox.id, id))
}

/** Adds an address to the newsletter, once. */
export async function insertSubscriber (orm: Orm, email: string): Promise<void> {
  await orm.insert(subscribers).values({ email, emailKey: email.toLowerCase() }).onConflictDoNothing()
}
