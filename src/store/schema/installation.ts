/** The tables of an installation as a whole: its id, its epochs, its waiting mails, what its releases may write. */
import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, instant } from './columns.ts'

/**
 * Mails of committed transactions. Rows are deleted when they are sent; `failed_at` marks those given up. `secret_hash`
 * is the stored form of the code or link in the mail, which lives for `secret_ttl_ms` from when the mail is sent.
 */
export const mailOutbox = pgTable(
  'mail_outbox',
  {
    id: id(),
    recipient: text('recipient').notNull(),
    subject: text('subject').notNull(),
    text: text('text').notNull(),
    html: text('html').notNull(),
    createdAt: createdAt(),
    attempts: integer('attempts').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    failedAt: instant('failed_at'),
    secretHash: text('secret_hash'),
    secretTtlMs: integer('secret_ttl_ms')
  },
  (table) => [
    index('mail_outbox_due')
      .on(table.dueAt)
      .where(sql`${table.failedAt} is null`)
  ]
)

/** Subscribers of the newsletter. */
export const subscribers = pgTable('subscribers', {
  emailKey: text('email_key').primaryKey(),
  email: text('email').notNull(),
  createdAt: createdAt()
})

/** Number of epochs that an operator has begun: one row. See the SQL function `current_history`. */
export const epochs = pgTable(
  'epochs',
  {
    id: integer('id').primaryKey().default(1),
    counter: integer('counter').notNull().default(1)
  },
  (table) => [check('epochs_single', sql`${table.id} = 1`)]
)

/**
 * The identity of the installation: one row, with an id that is generated once and included in dumps. While the history
 * of the database equals `kept_for` its epoch keeps the name that 0.1 gave it, so that an upgrade does not begin a new
 * epoch. See the SQL function `current_installation`.
 */
export const installations = pgTable(
  'installations',
  {
    id: integer('id').primaryKey().default(1),
    installationId: uuid('installation_id').notNull().defaultRandom(),
    createdAt: createdAt(),
    keptFor: text('kept_for')
  },
  (table) => [check('installations_single', sql`${table.id} = 1`)]
)

/**
 * Forms of data that releases before this one cannot read, and since when they are written: a row is added when no
 * replica of such a release is connected any more.
 */
export const features = pgTable('features', {
  name: text('name').primaryKey(),
  since: instant('since').notNull().defaultNow()
})

/**
 * Requests with an `Idempotency-Key` that have succeeded, with their answers: a row is committed with the effect of its
 * request. `fingerprint` is a hash of the request; `caller` is a user, a key, or a key on behalf of a user.
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    status: integer('status').notNull().default(0),
    headers: jsonb('headers').$type<Record<string, string>>().notNull().default({}),
    body: text('body'),
    createdAt: createdAt()
  },
  (table) => [primaryKey({ columns: [table.caller, table.key] }), index('idempotency_keys_age').on(table.createdAt)]
)
