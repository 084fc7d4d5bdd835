/** Queries on mails to be sent, and on the addresses of the newsletter. */
import { isNotNull, lte, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { insertJob } from './jobs.ts'
import type { MailSecret } from './mail-secrets.ts'
import { jobs, mailOutbox, subscribers } from './schema.ts'
import { NOW } from './sql.ts'

/** The kind of jobs that send mails. */
export const MAIL_KIND = 'mail'

/** A mail to send. */
export type OutboxMail = {
  recipient: string
  subject: string
  text: string
  html: string
  /** Further headers. */
  headers?: Readonly<Record<string, string>>
}

/**
 * Inserts a mail; it is due as soon as the transaction commits.
 * @param secret the code or link in it, if there is one
 */
export async function insertMail (orm: Orm, mail: OutboxMail, secret?: MailSecret): Promise<void> {
  const payload = { ...mail, ...(secret !== undefined && { secretHash: secret.hash, secretTtlMs: secret.ttlMs }) }
  await insertJob(orm, { kind: MAIL_KIND, payload })
}

/** Makes jobs of the mails that replicas of earlier builds have left in their own table. */
export async function adoptMails (orm: Orm): Promise<void> {
  const left = orm.select({ id: mailOutbox.id }).from(mailOutbox)
    .where(or(isNotNull(mailOutbox.failedAt), lte(mailOutbox.dueAt, NOW))).for('update', { skipLocked: true })
  const taken = orm.$with('taken').as(orm.delete(mailOutbox).where(sql`${mailOutbox.id} in ${left}`).returning())
  await orm.with(taken).insert(jobs).select(sql`
    select nextval(pg_get_serial_sequence('jobs', 'id')), ${MAIL_KIND}::text, '', null,
      jsonb_strip_nulls(jsonb_build_object(
        'recipient', recipient, 'subject', subject, 'text', text, 'html', html, 'secretHash', secret_hash,
        'secretTtlMs', secret_ttl_ms, 'erased', case when failed_at is not null then true end
      )), 0, attempts, null, created_at, due_at, failed_at, null
    from taken`)
}

/** Adds an address to the newsletter, once. */
export async function insertSubscriber (orm: Orm, email: string): Promise<void> {
  await orm.insert(subscribers).values({ email, emailKey: email.toLowerCase() }).onConflictDoNothing()
}
