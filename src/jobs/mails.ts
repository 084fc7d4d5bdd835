/**
 * The jobs that send mails. A mail is sent twice only when the transport's answer, or the deletion of its job, is lost;
 * its key then lets the transport drop the copy.
 */
import { createHash } from 'node:crypto'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { MailRefusedError, type Mailer } from '../mail/mailer.ts'
import type { Orm } from '../store/database.ts'
import type { Job } from '../store/jobs.ts'
import { renewSecret } from '../store/mail-secrets.ts'
import { MAIL_KIND } from '../store/outbox.ts'
import { backoff, type JobKind, type Outcome } from './job-kind.ts'

/** Mails that are sent at a time. */
const MAX_IN_FLIGHT = 5
const MAX_ATTEMPTS = 10
/** Doubled with each attempt: ten of them span about forty minutes, the lifetime of a reset link. */
const FIRST_RETRY_MS = 5_000
/** Shorter lines of a mail are not secret, and may occur in any error message; a code has six digits. */
const MIN_SECRET_LENGTH = 6

const PayloadSchema = Type.Object({
  recipient: Type.String(),
  subject: Type.String(),
  text: Type.String(),
  html: Type.String(),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  secretHash: Type.Optional(Type.String()),
  secretTtlMs: Type.Optional(Type.Number())
})
const payload = Compile(PayloadSchema)

/** Sends mails. */
export function createMailJobs (orm: Orm, mailer: Mailer): JobKind {
  return {
    name: MAIL_KIND,
    concurrency: MAX_IN_FLIGHT,
    perTarget: MAX_IN_FLIGHT,
    maxAttempts: MAX_ATTEMPTS,
    retryDelayMs: backoff(FIRST_RETRY_MS),
    run: (job) => send(orm, mailer, job),
    describe,
    remains: ({ payload: { recipient, subject } }) => ({ recipient, subject, erased: true })
  }
}

async function send (orm: Orm, mailer: Mailer, job: Job): Promise<Outcome> {
  const mail = payload.Parse(job.payload)
  const { secretHash: hash, secretTtlMs: ttlMs } = mail
  // The lifetime of a code or link begins when it is sent. One that was used up or replaced would only mislead by then.
  if (hash !== undefined && ttlMs !== undefined && !(await renewSecret(orm, { hash, ttlMs })) && job.ageMs > ttlMs)
    return { status: 'done' }
  try {
    await mailer.send({
      to: mail.recipient, subject: mail.subject, text: mail.text, html: mail.html, headers: mail.headers,
      key: keyOf(job, mail)
    })
  } catch (error) {
    if (error instanceof MailRefusedError) return { status: 'hopeless', reason: describe(error, job) }
    throw error
  }
  return { status: 'done' }
}

/** The job's id alone would repeat in another database that uses the same account of a mail service. */
function keyOf ({ id, createdAt }: Job, { recipient, text }: { recipient: string, text: string }): string {
  return createHash('sha256')
    .update(JSON.stringify([id, createdAt, recipient, text]))
    .digest('hex')
}

/** Mail servers quote addresses and texts, so every part of the mail is removed from an error. */
function describe (error: unknown, job: Job): string {
  let reason = error instanceof Error ? error.message : String(error)
  const { text } = job.payload
  for (const line of typeof text === 'string' ? text.split('\n') : []) {
    if (line.length >= MIN_SECRET_LENGTH) reason = reason.replaceAll(line, '[removed]')
  }
  return reason.replace(/[^\s<>"'(]+@[^\s<>"')]+/g, '[address]')
}
