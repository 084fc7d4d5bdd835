/** The tables of what follows logs and feeds from behind, and of what became of it at webhooks. */
import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, reference } from './columns.ts'
import { webhooks } from './integrations.ts'

/** Whether anybody follows, since when, and when all logs were last looked through: one row, kept by triggers. */
export const following = pgTable(
  'following',
  {
    id: integer('id').primaryKey().default(1),
    isActive: boolean('is_active').notNull().default(false),
    since: instant('since').notNull().defaultNow(),
    sweptAt: instant('swept_at').notNull().defaultNow()
  },
  (table) => [check('following_single', sql`${table.id} = 1`)]
)

/** Followers other than webhooks, each with a kind of jobs of its name. */
export const followers = pgTable('followers', {
  name: text('name').primaryKey(),
  since: instant('since').notNull().defaultNow()
})

/** How far followers were told of chats. Rows whose `since` is not that of `following` are from an earlier time. */
export const followedChats = pgTable('followed_chats', {
  chatId: bigint('chat_id', { mode: 'number' }).primaryKey(),
  position: reference('position'),
  since: instant('since').notNull()
})

/** The same for the feeds of users. */
export const followedFeeds = pgTable('followed_feeds', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey(),
  position: reference('position'),
  since: instant('since').notNull()
})

/** What became of events at webhooks: `position` is the seq in the chat, or the pos in the feed of the user. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: id(),
    webhookId: text('webhook_id').notNull().references(() => webhooks.id, { onDelete: 'cascade' }),
    messageId: text('message_id').notNull(),
    type: text('type').notNull(),
    chatId: bigint('chat_id', { mode: 'number' }),
    userId: bigint('user_id', { mode: 'number' }),
    position: reference('position'),
    status: text('status').$type<'delivered' | 'waiting' | 'dead'>().notNull(),
    attempts: integer('attempts').notNull(),
    createdAt: createdAt(),
    attemptedAt: instant('attempted_at').notNull().defaultNow(),
    nextAt: instant('next_at'),
    durationMs: integer('duration_ms').notNull(),
    answerStatus: integer('answer_status'),
    answerBody: text('answer_body'),
    error: text('error')
  },
  (table) => [
    uniqueIndex('webhook_deliveries_message').on(table.webhookId, table.messageId),
    index('webhook_deliveries_latest').on(table.webhookId, table.id),
    index('webhook_deliveries_age').on(table.createdAt)
  ]
)
