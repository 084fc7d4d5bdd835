/** The tables of files. */
import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, reference } from './columns.ts'

/**
 * Files of chats. `size` is what was announced, and that of the content once it is complete; then `content_type` is
 * what the content was found to be. `claimed_until` is set while a replica looks at the content. Without a
 * `message_seq` a file is deleted after a day.
 */
export const files = pgTable(
  'files',
  {
    id: text('id').primaryKey(),
    chatId: reference('chat_id'),
    userId: reference('user_id'),
    name: text('name').notNull(),
    size: reference('size'),
    declaredType: text('declared_type').notNull(),
    contentType: text('content_type'),
    width: integer('width'),
    height: integer('height'),
    hasThumbnail: boolean('has_thumbnail').notNull().default(false),
    createdAt: createdAt(),
    claimedUntil: instant('claimed_until'),
    completedAt: instant('completed_at'),
    messageSeq: bigint('message_seq', { mode: 'number' })
  },
  (table) => [
    index('files_message').on(table.chatId, table.messageSeq),
    index('files_user').on(table.userId),
    index('files_unattached')
      .on(table.createdAt)
      .where(sql`${table.messageSeq} is null`)
  ]
)

/**
 * Contents to delete from the storage: all of a file, or only what was uploaded. A trigger writes them in the
 * transaction that deletes the row of a file.
 */
export const fileRemovals = pgTable(
  'file_removals',
  {
    id: id(),
    file: text('file').notNull(),
    uploadOnly: boolean('upload_only').notNull().default(false),
    createdAt: createdAt(),
    dueAt: instant('due_at').notNull().defaultNow(),
    attempts: integer('attempts').notNull().default(0)
  },
  (table) => [index('file_removals_due').on(table.dueAt)]
)
