/** The tables of what messages have beside their text. All are keyed by `chat_id` first, like those of chats. */
import { bigint, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt, instant, reference } from './columns.ts'

/** A file of a message. Width and height are those of an image. */
export type StoredAttachment = {
  file: string
  name: string
  content_type: string
  size: number
  width?: number
  height?: number
}

/** `messages.extra`: what a message has that a plain one has not. */
export type MessageExtra = {
  /** The mentions of its text, as the author has written them. */
  mentions?: string[]
  /** JSON of the application. */
  data?: Record<string, unknown>
  /** The id of the API key that posted it. */
  key?: string
  /** Its files. */
  attachments?: StoredAttachment[]
  /** It has had a reaction, a pin or a reply. */
  marks?: true
}

/** The texts of a message before its last one. None are left of a deleted one. */
export const messageVersions = pgTable(
  'message_versions',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    version: integer('version').notNull(),
    body: text('body').notNull(),
    data: jsonb('data').$type<Record<string, unknown>>(),
    createdAt: instant('created_at').notNull()
  },
  (table) => [primaryKey({ columns: [table.chatId, table.seq, table.version] })]
)

/** Messages with a thread: `replies` that are not deleted, and at most five of those who wrote them. */
export const threads = pgTable(
  'threads',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    replies: integer('replies').notNull().default(0),
    lastReplyAt: instant('last_reply_at'),
    participants: bigint('participants', { mode: 'number' }).array().notNull().default([])
  },
  (table) => [primaryKey({ columns: [table.chatId, table.seq] })]
)

/** The replies of a thread that are not deleted. */
export const threadReplies = pgTable(
  'thread_replies',
  { chatId: reference('chat_id'), parentSeq: reference('parent_seq'), seq: reference('seq') },
  (table) => [primaryKey({ columns: [table.chatId, table.parentSeq, table.seq] })]
)

/**
 * Who follows a thread: the author of its message, those who have replied and those who were mentioned in it. `replies`
 * of the user are not deleted; those up to `read_seq` are read.
 */
export const threadFollowers = pgTable(
  'thread_followers',
  {
    chatId: reference('chat_id'),
    parentSeq: reference('parent_seq'),
    userId: reference('user_id'),
    replies: integer('replies').notNull().default(0),
    readSeq: reference('read_seq').default(0)
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.parentSeq, table.userId] }),
    index('thread_followers_user').on(table.chatId, table.userId)
  ]
)

/** Reactions: one per message, user and emoji. */
export const reactions = pgTable(
  'reactions',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    userId: reference('user_id'),
    emoji: text('emoji').notNull(),
    createdAt: createdAt()
  },
  (table) => [primaryKey({ columns: [table.chatId, table.seq, table.userId, table.emoji] })]
)

/** The number of reactions of each kind, so that nobody counts them. `first_seq` is the event of the first one. */
export const reactionCounts = pgTable(
  'reaction_counts',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    emoji: text('emoji').notNull(),
    count: integer('count').notNull(),
    firstSeq: reference('first_seq')
  },
  (table) => [primaryKey({ columns: [table.chatId, table.seq, table.emoji] })]
)

/** Pinned messages. */
export const pins = pgTable(
  'pins',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    pinnedBy: bigint('pinned_by', { mode: 'number' }),
    pinnedAt: instant('pinned_at').notNull()
  },
  (table) => [primaryKey({ columns: [table.chatId, table.seq] })]
)

/** Whom messages mention: `target` is the id of a user, `@all`, or `@role:` with the name of a role. */
export const mentions = pgTable(
  'mentions',
  { chatId: reference('chat_id'), target: text('target').notNull(), seq: reference('seq') },
  (table) => [primaryKey({ columns: [table.chatId, table.target, table.seq] })]
)

/** Messages that a member has deleted for themself. */
export const hiddenMessages = pgTable(
  'hidden_messages',
  { chatId: reference('chat_id'), userId: reference('user_id'), seq: reference('seq'), createdAt: createdAt() },
  (table) => [
    primaryKey({ columns: [table.chatId, table.userId, table.seq] }),
    index('hidden_messages_message').on(table.chatId, table.seq)
  ]
)
