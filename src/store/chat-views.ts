/** Queries that read chats as one user sees them, and their members, by pages. */
import { and, asc, desc, eq, gt, isNull, not, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { isBlockedChat } from './blocks.ts'
import { CHAT_COLUMNS, type ChatRow } from './chat-settings.ts'
import type { Orm } from './database.ts'
import { isHidden } from './hidden.ts'
import { chatHeads, chats, messages, participants, users } from './schema.ts'
import { isSeen, type SeenChats } from './seen-chats.ts'
import { avatarOf } from './user-profiles.ts'

/** A membership as its member sees it. */
export type OwnMembership = {
  role: string
  fromSeq: number
  readSeq: number
  mutedAt: Date | null
  pinnedAt: Date | null
  archivedAt: Date | null
  notifications: 'mentions' | 'none' | null
}

/** The newest message of a chat that a user may see. */
export type LastMessage = {
  seq: number
  authorId: number
  username: string
  text: string
  at: Date
  deletedAt: Date | null
}

/** A chat as a user sees it. */
export type ChatView = ChatRow & {
  lastSeq: number
  memberCount: number
  /** When something last happened in it for the user, by which lists are in order. */
  activeAt: Date
  own: OwnMembership | null
  /** The other one of a direct chat, who may have left it. */
  other: { userId: number, username: string, name: string | null, avatar: string | null } | null
  lastMessage: LastMessage | null
  /** Whether one of the two of a direct chat has blocked the other. */
  isBlocked: boolean
}

/** A place in a list of chats: the user's by activity, or all by their numbers. */
export type ChatPosition = { activeMs: number, chatId: number }
/** A page of a list: behind a position, or before it in reverse order. */
export type PageOf<Position> = { limit: number, from: { position: Position, isBackward: boolean } | undefined }

/** Which chats of a user are listed: undefined for all. */
export type ChatFilter = {
  isArchived: boolean | undefined
  seen: SeenChats | undefined
}

/** A member in a list. */
export type MemberRow = {
  userId: number
  username: string
  role: string
  joinedAt: Date
  data: Record<string, unknown> | null
}

const own = alias(participants, 'own')
const [other, author] = [alias(users, 'other'), alias(users, 'author')]

/** The chats of a sub-select with `chat_id` and `active_at`. @param userId null for nobody's view */
function selectViews (orm: Orm, userId: number | null, page: SQL) {
  const visible = sql`case when ${own.userId} is not null then ${own.fromSeq} else 0 end`
  const newest = orm
    .select()
    .from(messages)
    .where(and(
      eq(messages.chatId, chats.id),
      sql`${messages.seq} > ${visible}`,
      isNull(messages.parentSeq),
      not(isHidden({ chatId: messages.chatId, userId, seq: messages.seq }))
    ))
    .orderBy(desc(messages.seq))
    .limit(1)
    .as('newest')
  return orm
    .select({
      ...CHAT_COLUMNS,
      lastSeq: chatHeads.lastSeq,
      memberCount: sql`coalesce(${chatHeads.memberCount}, (select count(*) from ${participants} p
        where p.chat_id = ${chats.id}))`.mapWith(Number),
      activeAt: sql`page.active_at`.mapWith(chatHeads.lastAt),
      own: {
        role: own.role,
        fromSeq: own.fromSeq,
        readSeq: own.readSeq,
        mutedAt: own.mutedAt,
        pinnedAt: own.pinnedAt,
        archivedAt: own.archivedAt,
        notifications: own.notifications
      },
      other: {
        userId: other.id, username: other.username, name: other.displayName, avatar: avatarOf(other.id)
      },
      isBlocked: isBlockedChat(),
      lastMessage: {
        seq: newest.seq,
        authorId: newest.authorId,
        text: newest.body,
        at: newest.createdAt,
        deletedAt: newest.deletedAt
      },
      authorName: author.username
    })
    .from(sql`${page} page`)
    .innerJoin(chats, sql`${chats.id} = page.chat_id`)
    .innerJoin(chatHeads, eq(chatHeads.chatId, chats.id))
    .leftJoin(own, and(eq(own.chatId, chats.id), sql`${own.userId} = ${userId}`))
    .leftJoin(other, and(
      eq(chats.type, 'direct'),
      eq(other.id, sql`case when ${chats.userLow} = ${userId} then ${chats.userHigh} else ${chats.userLow} end`),
      sql`${userId}::bigint is not null`
    ))
    .leftJoinLateral(newest, sql`true`)
    .leftJoin(author, eq(author.id, newest.authorId))
}

type ViewRow = Awaited<ReturnType<typeof selectViews>>[number]

function viewOf ({ lastMessage, authorName, ...row }: ViewRow): ChatView {
  return { ...row, lastMessage: lastMessage === null ? null : { ...lastMessage, username: authorName ?? '' } }
}

/** A chat as a user sees it. @param userId null for nobody's view */
export async function findChatView (orm: Orm, userId: number | null, chatId: number): Promise<ChatView | undefined> {
  const [row] = await selectViews(orm, userId, sql`(select ${chatId}::bigint as chat_id, now() as active_at)`)
  return row && viewOf(row)
}

/**
 * So many of a user's chats and one more, the latest active first.
 * @param filter only those that are archived, or are not; only those with these public ids or beginnings of them
 */
export async function listChatViews (
  orm: Orm,
  userId: number,
  { limit, from }: PageOf<ChatPosition>,
  { isArchived, seen }: ChatFilter
): Promise<ChatView[]> {
  const [order, compare] = from?.isBackward === true ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`]
  const archived = isArchived === undefined
    ? sql`true`
    : isArchived ? sql`${participants.archivedAt} is not null` : sql`${participants.archivedAt} is null`
  const rest = from === undefined
    ? sql`true`
    : sql`(active_at, chat_id) ${compare}
      (${new Date(from.position.activeMs).toISOString()}::timestamptz, ${from.position.chatId}::bigint)`
  const mine = sql`(select ${chatHeads.chatId} as chat_id, greatest(${chatHeads.lastAt}, ${participants.joinedAt})
      as active_at from ${participants} join ${chatHeads} on ${chatHeads.chatId} = ${participants.chatId}
    where ${participants.userId} = ${userId} and ${archived} and ${isSeen(participants.chatId, seen)}) mine`
  const page = sql`(select * from ${mine} where ${rest} order by active_at ${order}, chat_id ${order}
    limit ${limit + 1})`
  const rows = await selectViews(orm, userId, page).orderBy(sql`page.active_at ${order}, page.chat_id ${order}`)
  return rows.map(viewOf)
}

/** So many of all chats and one more, the latest made first. */
export async function listAllChatViews (orm: Orm, { limit, from }: PageOf<ChatPosition>): Promise<ChatView[]> {
  const [order, compare] = from?.isBackward === true ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`]
  const rest = from === undefined ? sql`true` : sql`${chats.id} ${compare} ${from.position.chatId}::bigint`
  const page = sql`(select ${chats.id} as chat_id, ${chats.createdAt} as active_at from ${chats} where ${rest}
    order by ${chats.id} ${order} limit ${limit + 1})`
  const rows = await selectViews(orm, null, page).orderBy(sql`page.chat_id ${order}`)
  return rows.map(viewOf)
}

/**
 * So many members of a chat and one more, in the order of their numbers, with the head of the chat in the same
 * snapshot; undefined when there is no such chat.
 */
export async function listMemberRows (
  orm: Orm,
  chatId: number,
  { limit, from }: PageOf<number>
): Promise<{ lastSeq: number, members: MemberRow[] } | undefined> {
  const isBackward = from?.isBackward === true
  const order = isBackward ? desc : asc
  const page = orm
    .select({
      userId: participants.userId,
      username: users.username,
      role: participants.role,
      joinedAt: participants.joinedAt,
      data: participants.data
    })
    .from(participants)
    .innerJoin(users, eq(users.id, participants.userId))
    .where(and(
      eq(participants.chatId, chatId),
      from === undefined
        ? undefined
        : isBackward
          ? sql`${participants.userId} < ${from.position}`
          : gt(participants.userId, from.position)
    ))
    .orderBy(order(participants.userId))
    .limit(limit + 1)
    .as('page')
  const rows = await orm
    .select({
      lastSeq: chatHeads.lastSeq,
      member: {
        userId: page.userId, username: page.username, role: page.role, joinedAt: page.joinedAt, data: page.data
      }
    })
    .from(chatHeads)
    .leftJoin(page, sql`true`)
    .where(eq(chatHeads.chatId, chatId))
    .orderBy(order(page.userId))
  const [first] = rows
  return first && { lastSeq: first.lastSeq, members: rows.flatMap(({ member }) => member ?? []) }
}
