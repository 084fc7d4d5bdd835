/** The tables of feeds: what concerns a user outside of the logs of chats. Triggers write them. */
import { bigint, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, instant, reference } from './columns.ts'

/** The last position of the feed of each user who has one. */
export const feedHeads = pgTable('feed_heads', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey(),
  pos: reference('pos')
})

/** The feeds, each numbered by `pos` without a gap. `chosen_id` is the `public_id` of the chat, which may be gone. */
export const feedEvents = pgTable(
  'feed_events',
  {
    userId: reference('user_id'),
    pos: reference('pos'),
    kind: text('kind').notNull(),
    chatId: bigint('chat_id', { mode: 'number' }),
    chosenId: text('chosen_id'),
    data: jsonb('data').$type<Record<string, unknown>>(),
    createdAt: instant('created_at').notNull()
  },
  (table) => [primaryKey({ columns: [table.userId, table.pos] })]
)

/** What a transaction adds to feeds: it becomes a row of `feed_events` at the commit, and nobody sees it here. */
export const feedPending = pgTable('feed_pending', {
  id: id(),
  userId: reference('user_id'),
  kind: text('kind').notNull(),
  chatId: bigint('chat_id', { mode: 'number' }),
  chosenId: text('chosen_id'),
  data: jsonb('data').$type<Record<string, unknown>>()
})
