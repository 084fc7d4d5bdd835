/** The table of the job queue. */
import { isNotNull, isNull, sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, instant } from './columns.ts'

/**
 * Jobs that committed transactions owe; a row is deleted when its job is done. `target` is what jobs of a kind are
 * shared out among, e.g. a receiver. Of the jobs with a `key` only one of a kind and target waits; `revision` grows
 * when it is given more to do. `claim` names the claim of a job that is under way. `failed_at` marks dead letters,
 * whose `payload` has lost what is confidential.
 */
export const jobs = pgTable(
  'jobs',
  {
    id: id(),
    kind: text('kind').notNull(),
    target: text('target').notNull().default(''),
    key: text('key'),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    revision: integer('revision').notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
    claim: uuid('claim'),
    createdAt: createdAt(),
    dueAt: instant('due_at').notNull().defaultNow(),
    failedAt: instant('failed_at'),
    reason: text('reason')
  },
  (table) => [
    index('jobs_due').on(table.kind, table.target, table.dueAt).where(isNull(table.failedAt)),
    uniqueIndex('jobs_key')
      .on(table.kind, table.target, table.key)
      .where(sql`${table.failedAt} is null and ${table.key} is not null`),
    index('jobs_dead').on(table.kind, table.failedAt).where(isNotNull(table.failedAt))
  ]
)
