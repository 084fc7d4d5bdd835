/** The tables of files. */
import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
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
 * Pictures of users and of chats; each belongs to one of the two. Triggers complete one when it becomes the avatar of
 * its owner, and delete it when that changes or goes; one that does not become it is deleted after a while.
 */
export const avatars = pgTable(
  'avatars',
  {
    id: text('id').primaryKey(),
    userId: bigint('user_id', { mode: 'number' }),
    chatId: bigint('chat_id', { mode: 'number' }),
    contentType: text('content_type').notNull(),
    createdAt: createdAt(),
    completedAt: instant('completed_at')
  },
  (table) => [
    index('avatars_user').on(table.userId).where(sql`${table.userId} is not null`),
    index('avatars_chat').on(table.chatId).where(sql`${table.chatId} is not null`),
    index('avatars_incomplete').on(table.createdAt).where(sql`${table.completedAt} is null`),
    check('avatars_owner', sql`num_nonnulls(${table.userId}, ${table.chatId}) = 1`)
  ]
)

/** Contents that earlier builds have to delete from the storage: all of a file, or only what was uploaded. */
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
