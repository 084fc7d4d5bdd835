/** The tables of what an application is told and asked by this server. */
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt, instant } from './columns.ts'

/** Where requests go and how they are signed. Secrets are encrypted; the previous one is valid for a while. */
const target = () => ({
  url: text('url').notNull(),
  chatTypes: text('chat_types').array(),
  secret: text('secret').notNull(),
  previousSecret: text('previous_secret'),
  previousUntil: instant('previous_until'),
  version: integer('version').notNull().default(1),
  createdAt: createdAt()
})

/** Webhooks. `events` and `chat_types` are null for all. Nothing is sent to one with `disabled_at`. */
export const webhooks = pgTable('webhooks', {
  id: text('id').primaryKey(),
  ...target(),
  events: text('events').array(),
  description: text('description').notNull(),
  disabledAt: instant('disabled_at'),
  disabledReason: text('disabled_reason')
})

/** What is asked before something happens, by its name: `before-message` alone so far. */
export const hooks = pgTable('hooks', {
  name: text('name').primaryKey(),
  ...target(),
  timeoutMs: integer('timeout_ms').notNull(),
  onFailure: text('on_failure').$type<'allow' | 'deny'>().notNull()
})
