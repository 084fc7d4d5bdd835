/** The tables of moderation and administration. */
import { sql } from 'drizzle-orm'
import { bigint, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, reference } from './columns.ts'

/**
 * Users who may not come to a chat, perhaps until a time. `banned_by` is null when a key did it by itself; `id` orders
 * the list.
 */
export const chatBans = pgTable(
  'chat_bans',
  {
    chatId: reference('chat_id'),
    userId: reference('user_id'),
    id: bigint('id', { mode: 'number' }).notNull().generatedByDefaultAsIdentity(),
    bannedBy: bigint('banned_by', { mode: 'number' }),
    keyId: text('key_id'),
    reason: text('reason').notNull(),
    createdAt: createdAt(),
    until: instant('until')
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.userId] }),
    index('chat_bans_list').on(table.chatId, table.id),
    index('chat_bans_user').on(table.userId),
    index('chat_bans_until')
      .on(table.until)
      .where(sql`${table.until} is not null`)
  ]
)

/**
 * What users have reported: a message by its place, of which nothing is copied, or a user. `chat` is the id of the chat
 * in `/v1`, which is left when the chat is gone; `user_id` is the author of a message.
 */
export const reports = pgTable(
  'reports',
  {
    id: id(),
    reporterId: reference('reporter_id'),
    chatId: bigint('chat_id', { mode: 'number' }),
    chat: text('chat'),
    seq: bigint('seq', { mode: 'number' }),
    userId: reference('user_id'),
    reason: text('reason').notNull(),
    text: text('text').notNull(),
    status: text('status').$type<'open' | 'resolved' | 'dismissed'>().notNull().default('open'),
    note: text('note').notNull().default(''),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    decidedAt: instant('decided_at'),
    decidedBy: bigint('decided_by', { mode: 'number' }),
    decidedKey: text('decided_key')
  },
  (table) => [
    index('reports_status').on(table.status, table.id),
    index('reports_chat').on(table.chatId, table.id),
    index('reports_user').on(table.userId, table.id),
    index('reports_reporter').on(table.reporterId, table.id)
  ]
)

/**
 * What those did who manage the installation, its chats and its users. Without `actor_id` and `key_id` it was a command
 * of `confab`. `chat` is an id of `/v1`, `user_id` the user that it was done to, `target` whatever else; `data` says
 * more, and never the text of a message.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    id: id(),
    at: instant('at').notNull().defaultNow(),
    action: text('action').notNull(),
    actorId: bigint('actor_id', { mode: 'number' }),
    keyId: text('key_id'),
    address: text('address'),
    chat: text('chat'),
    userId: bigint('user_id', { mode: 'number' }),
    target: jsonb('target').$type<Record<string, string | number>>(),
    data: jsonb('data').$type<Record<string, unknown>>()
  },
  (table) => [
    index('audit_log_at').on(table.at),
    index('audit_log_action').on(table.action.op('text_pattern_ops'), table.id),
    index('audit_log_actor').on(table.actorId, table.id),
    index('audit_log_key').on(table.keyId, table.id),
    index('audit_log_chat').on(table.chat, table.id),
    index('audit_log_user').on(table.userId, table.id)
  ]
)

/** Users who see the reports of all chats, the audit log and the health of the installation. */
export const operators = pgTable('operators', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey(),
  since: instant('since').notNull().defaultNow()
})

/** What a replica says of itself. */
export type ReplicaState = {
  version: string
  sockets: number
  messagesPerMinute: number
  /** Whether it reaches the others by the bus. */
  isBusUp: boolean
  memoryBytes: number
  /** Room on the disk of its data folder; null where it stores nothing there. */
  disk: { free: number, total: number } | null
}

/** What each replica says of itself, at intervals. */
export const replicas = pgTable('replicas', {
  id: text('id').primaryKey(),
  startedAt: instant('started_at').notNull().defaultNow(),
  seenAt: instant('seen_at').notNull().defaultNow(),
  state: jsonb('state').$type<ReplicaState>().notNull()
})
