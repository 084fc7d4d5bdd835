/** Queries on mails to be sent, and on the addresses of the newsletter. */
import { and, asc, eq, isNull, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import type { MailSecret } from './mail-secrets.ts'
import { mailOutbox, subscribers } from './schema.ts'
import { after, msBetween, NOW } from './sql.ts'

/** A row of `mail_outbox`. */
export type OutboxRow = typeof mailOutbox.$inferSelect
/** A mail to send. */
export type OutboxMail = Pick<OutboxRow, 'recipient' | 'subject' | 'text' | 'html'>

/**
 * Inserts a mail; it is due as soon as the transaction commits.
 * @param secret the code or link in it, if there is one
 */
export async function insertMail (orm: Orm, mail: OutboxMail, secret?: MailSecret): Promise<void> {
  await orm.insert(mailOutbox).values({ ...mail, secretHash: secret?.hash, secretTtlMs: secret?.ttlMs })
}

/**
 * Claims mails that are due, so that no other replica takes them for so long.
 * @returns the claimed rows, with this attempt counted
 */
export async function claimMails (orm: Orm, limit: number, leaseMs: number): Promise<OutboxRow[]> {
  const due = orm.select({ id: mailOutbox.id }).from(mailOutbox)
    .where(and(isNull(mailOutbox.failedAt), lte(mailOutbox.dueAt, NOW)))
    .orderBy(mailOutbox.dueAt).limit(limit).for('update', { skipLocked: true })
  return orm.update(mailOutbox)
    .set({ dueAt: after(leaseMs), attempts: sql`${mailOutbox.attempts} + 1` })
    .where(sql`${mailOutbox.id} in ${due}`).returning()
}

/** Age of the oldest mail that waits to be sent, in milliseconds; undefined when none does. */
export async function findOldestMailAge (orm: Orm): Promise<number | undefined> {
  const [row] = await orm.select({ ageMs: msBetween<number>(mailOutbox.createdAt, NOW) }).from(mailOutbox)
    .where(isNull(mailOutbox.failedAt)).orderBy(asc(mailOutbox.createdAt)).limit(1)
  return row?.ageMs
}

/** Deletes a mail that was sent, with its text. */
export async function removeMail (orm: Orm, id: number): Promise<void> {
  await orm.delete(mailOutbox).where(eq(mailOutbox.id, id))
}

/** Postpones a mail for so long from now. */
export async function postponeMail (orm: Orm, id: number, delayMs: number): Promise<void> {
  await orm.update(mailOutbox).set({ dueAt: after(delayMs) }).where(eq(mailOutbox.id, id))
}

/** Gives up a mail. The row stays for the operator, without its text: that may contain a code. */
export async function giveUpMail (orm: Orm, id: number): Promise<void> {
  await orm.update(mailOutbox).set({ failedAt: NOW, text: '', html: '' }).where(eq(mailOutbox.id, id))
}

/** Adds an address to the newsletter, once. */
export async function insertSubscriber (orm: Orm, email: string): Promise<void> {
  await orm.insert(subscribers).values({ email, emailKey: email.toLowerCase() }).onConflictDoNothing()
}
