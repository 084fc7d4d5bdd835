/**
 * The tables of chats. Everything inside a chat is keyed by `(chat_id, seq)`, so that the hot tables can be
 * hash-partitioned or distributed by `chat_id` without a change of code. They have no foreign keys for the same reason,
 * and because checking them would halve the rate of inserts.
 */
import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { ChatTypeDefinition } from '../chat-types.ts'
import { createdAt, id, instant, reference } from './columns.ts'
import type { MessageExtra } from './messages.ts'

/**
 * Chats. A direct chat is unique per pair: `user_low < user_high` under a unique index. Other types have a name, and
 * `-id` and 0 in place of the pair, which release 0.1 needs: it finds no user of that id and does not list them.
 * `public_id` is the id that the application chose, if it did; see `domain/chats/chat-id.ts`. `data` is its own, null
 * for none. `version` counts the states of the settings. In a chat with `frozen_at` posting takes another right, too.
 */
export const chats = pgTable(
  'chats',
  {
    id: id(),
    userLow: reference('user_low'),
    userHigh: reference('user_high'),
    createdAt: createdAt(),
    type: text('type').notNull().default('direct'),
    name: text('name'),
    createdBy: bigint('created_by', { mode: 'number' }),
    publicId: text('public_id'),
    description: text('description'),
    avatar: text('avatar'),
    data: jsonb('data').$type<Record<string, unknown>>(),
    version: integer('version').notNull().default(1),
    frozenAt: instant('frozen_at')
  },
  (table) => [
    uniqueIndex('chats_public_id')
      .on(table.publicId)
      .where(sql`${table.publicId} is not null`),
    index('chats_type')
      .on(table.type, table.id)
      .where(sql`${table.type} not in ('direct', 'group')`),
    uniqueIndex('chats_pair').on(table.userLow, table.userHigh),
    check('chats_pair_ordered', sql`${table.userLow} < ${table.userHigh}`)
  ]
)

/** The types of chats. The row of a type that is built in says what `domain/chats/chat-types.ts` does. */
export const chatTypes = pgTable('chat_types', {
  type: text('type').primaryKey(),
  definition: jsonb('definition').$type<ChatTypeDefinition>().notNull(),
  version: integer('version').notNull().default(1),
  createdAt: createdAt()
})

/**
 * Codes that let their bearers join a chat. `created_by` is null when a key of the application made it; `max_uses` and
 * `expires_at` are null for no limit.
 */
export const chatInvites = pgTable(
  'chat_invites',
  {
    id: id(),
    chatId: reference('chat_id'),
    code: text('code').notNull(),
    createdBy: bigint('created_by', { mode: 'number' }),
    maxUses: integer('max_uses'),
    uses: integer('uses').notNull().default(0),
    createdAt: createdAt(),
    expiresAt: instant('expires_at')
  },
  (table) => [uniqueIndex('chat_invites_code').on(table.code), index('chat_invites_chat').on(table.chatId, table.id)]
)

/**
 * The counter of each chat, separate from `chats` so that the row updated by every post stays narrow and its updates
 * HOT. `last_seq` numbers messages and events alike; `last_at` is the time of the newest message. `members_version`
 * grows with every change of membership: replicas compare it before they deliver. Nothing may be posted to a chat with
 * `closed_at`. Only members with one of `post_roles` may post, within `post_limits`; null, as in most chats, is for all
 * members, and for no limits. Triggers write both: they follow from the type of the chat, and from whether it is
 * frozen. `member_count` is null where it has not been counted, as in
 * direct chats.
 */
export const chatHeads = pgTable('chat_heads', {
  chatId: bigint('chat_id', { mode: 'number' }).primaryKey(),
  lastSeq: reference('last_seq').default(0),
  lastAt: instant('last_at').notNull().defaultNow(),
  membersVersion: integer('members_version').notNull().default(1),
  closedAt: instant('closed_at'),
  postRoles: text('post_roles').array(),
  postLimits: jsonb('post_limits').$type<{ text?: number, slow_s?: number, exempt: string[] }>(),
  memberCount: integer('member_count')
})

/**
 * The members of a chat. Events up to `from_seq` happened before this membership began and are not visible to it;
 * messages up to `read_seq` were returned to it by the history. `archived_at` is set while the member has put the chat
 * away; the others do not notice. `added_by` is null for members who came by themselves. `notifications` is null for
 * all of them, `data` for none; it is the application's own.
 */
export const participants = pgTable(
  'participants',
  {
    chatId: reference('chat_id'),
    userId: reference('user_id'),
    fromSeq: reference('from_seq').default(0),
    joinedAt: instant('joined_at').notNull().defaultNow(),
    readSeq: reference('read_seq').default(0),
    role: text('role').notNull().default('member'),
    archivedAt: instant('archived_at'),
    addedBy: bigint('added_by', { mode: 'number' }),
    mutedAt: instant('muted_at'),
    pinnedAt: instant('pinned_at'),
    notifications: text('notifications').$type<'mentions' | 'none'>(),
    data: jsonb('data').$type<Record<string, unknown>>()
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.userId] }),
    index('participants_user').on(table.userId),
    index('participants_role')
      .on(table.chatId, table.role, table.joinedAt)
      .where(sql`${table.role} <> 'member'`)
  ]
)

/**
 * Counts the changes of each user's list of chats: a replica that missed a hint compares it with what it knows. A
 * trigger on `participants` writes it, so that it also counts the changes made by release 0.1.
 */
export const userChats = pgTable('user_chats', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey(),
  version: reference('version').default(1)
})

/**
 * Messages: those events of a chat that have a text. `seq` is their number in the log of the chat, which they share
 * with `chat_events`; `id` is a name that grows with `seq` in a chat. `post_key` identifies a retried post: the
 * author's `clientMessageID` prefixed with `c`, or a generated key prefixed with `s`. `version` counts the texts of an
 * edited or deleted message, and is null while there was only one. A deleted message keeps its place and has an empty
 * text. `parent_seq` is the message whose thread it belongs to, `reply_to_seq` the one that it quotes; `extra` is null
 * for a plain message.
 */
export const messages = pgTable(
  'messages',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    id: bigint('id', { mode: 'number' }).notNull().generatedByDefaultAsIdentity(),
    authorId: reference('author_id'),
    body: text('body').notNull(),
    postKey: text('post_key').notNull(),
    createdAt: createdAt(),
    editedAt: instant('edited_at'),
    deletedAt: instant('deleted_at'),
    version: integer('version'),
    parentSeq: bigint('parent_seq', { mode: 'number' }),
    replyToSeq: bigint('reply_to_seq', { mode: 'number' }),
    extra: jsonb('extra').$type<MessageExtra>()
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.seq] }),
    uniqueIndex('messages_post_key').on(table.chatId, table.authorId, table.postKey)
  ]
)

/**
 * The events of a chat that are no messages, numbered together with these. `target_seq` is the message that an event is
 * about, `data` what the kind needs beside. `event_key` identifies a retried request of the actor, like `post_key`.
 */
export const chatEvents = pgTable(
  'chat_events',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    kind: text('kind').notNull(),
    actorId: bigint('actor_id', { mode: 'number' }),
    targetSeq: bigint('target_seq', { mode: 'number' }),
    data: jsonb('data'),
    createdAt: createdAt(),
    eventKey: text('event_key')
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.seq] }),
    uniqueIndex('chat_events_key')
      .on(table.chatId, table.actorId, table.eventKey)
      .where(sql`${table.eventKey} is not null`)
  ]
)

/** Ids that applications had chosen for chats that are gone. Triggers on `chats` keep them; none is given out again. */
export const deletedChatIds = pgTable('deleted_chat_ids', {
  publicId: text('public_id').primaryKey(), deletedAt: instant('deleted_at').notNull().defaultNow()
})

/** When the members of chats in slow mode have posted last; also those who have left since. */
export const slowModePosts = pgTable(
  'slow_mode_posts',
  { chatId: reference('chat_id'), userId: reference('user_id'), postedAt: instant('posted_at').notNull() },
  (table) => [primaryKey({ columns: [table.chatId, table.userId] })]
)

/** Users whose read marks no other member may know. */
export const hiddenReceipts = pgTable('hidden_receipts', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey()
})

/** Users of whom no other user may know whether they are online. */
export const hiddenPresence = pgTable('hidden_presence', {
  userId: bigint('user_id', { mode: 'number' }).primaryKey()
})

/** Whom users have blocked. In the direct chat of such a pair nobody may post: `chat_heads.post_roles` is empty. */
export const blocks = pgTable(
  'blocks',
  { userId: reference('user_id'), blockedId: reference('blocked_id'), createdAt: createdAt() },
  (table) => [
    primaryKey({ columns: [table.userId, table.blockedId] }),
    index('blocks_blocked').on(table.blockedId)
  ]
)
