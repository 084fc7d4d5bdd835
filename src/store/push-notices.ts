/** Queries on who is to be notified of messages, and of which. */
import { and, asc, eq, gt, isNull, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isHidden } from './hidden.ts'
import type { MessageExtra } from './schema.ts'
import {
  blocks, chatHeads, chats, chatTypes, mentions, messages, notificationSettings, participants, pushDevices, pushMarks,
  sessions, threadFollowers, users
} from './schema.ts'
import { DEVICE_COLUMNS, type DeviceRow } from './push-devices.ts'
import { after, inList } from './sql.ts'

/** In larger chats `@all` and roles count as mentions of nobody in particular, as in the feeds of users. */
const MAX_MENTIONED_MEMBERS = 100
/** Nobody is notified of older messages, e.g. after an outage. */
const MAX_AGE_MS = 86_400_000
/** Of a range of messages so many of the last ones are looked at. */
const MAX_RANGE = 1_000

/** Messages of a chat from one seq to another. */
export type SeqRange = { from: SQL | number, to: SQL | number }

/** A user to notify: of which message, and what decides how. */
export type NotifiedRow = {
  userId: number
  seq: number
  devices: number
  mailAfterMinutes: number | null
  quietFrom: number | null
  quietTo: number | null
  timeZone: string | null
}

const s = notificationSettings

/** Whether the type of a chat lets a member read it. */
const mayRead = sql`${chatTypes.definition} -> 'roles' @> jsonb_build_array(jsonb_build_object(
  'role', ${participants.role}, 'permissions', jsonb_build_array('read')))`

/** What a member has asked for in this chat and in general lets anything through. */
const isListening = and(
  isNull(participants.mutedAt), sql`${participants.notifications} is distinct from 'none'`, sql`${s.push} <> 'none'`
)

const isMention = sql`(m.extra -> 'mentions' is not null and exists (
  select from ${mentions} n where n.chat_id = m.chat_id and n.seq = m.seq and (
    n.target = ${participants.userId}::text or (
      coalesce(${chatHeads.memberCount}, 0) <= ${MAX_MENTIONED_MEMBERS}
      and n.target in ('@all', '@role:' || ${participants.role})))))`

/**
 * The newest message in a range that a member is to be notified of, as a lateral subquery behind the member, the
 * settings and the head of the chat: of somebody else, not read, neither deleted nor hidden, and of a mention where
 * only these are wanted.
 */
function newestNotable ({ from, to }: SeqRange): SQL {
  return sql`lateral (
    select m.seq, m.parent_seq, m.author_id, m.body, m.extra, m.created_at, ${isMention} as is_mention
    from ${messages} m
    where m.chat_id = ${participants.chatId} and m.seq between ${from} and ${to} and m.seq > ${participants.fromSeq}
      and m.author_id <> ${participants.userId} and m.deleted_at is null
      and m.created_at > ${after(-MAX_AGE_MS)}
      and case when m.parent_seq is null then m.seq > ${participants.readSeq} else exists (
        select from ${threadFollowers} f where f.chat_id = m.chat_id and f.parent_seq = m.parent_seq
          and f.user_id = ${participants.userId} and f.read_seq < m.seq) end
      and not ${isHidden({ chatId: sql`m.chat_id`, userId: participants.userId, seq: sql`m.seq` })}
      and not exists (
        select from ${blocks} b where b.user_id = ${participants.userId} and b.blocked_id = m.author_id)
      and ((${participants.notifications} is null and ${s.push} = 'all') or ${isMention})
    order by m.seq desc limit 1) notable`
}

/** The next members of a chat, behind a user, who have a device or want mails. */
export async function listReachable (
  orm: Orm, chatId: number, page: { afterUserId: number, limit: number }
): Promise<number[]> {
  return (await selectReachable(orm, chatId, page)).map(({ userId }) => userId)
}

/** The query of {@link listReachable}. */
export function selectReachable (
  orm: Orm, chatId: number, { afterUserId, limit }: { afterUserId: number, limit: number }
) {
  return orm.select({ userId: participants.userId }).from(participants)
    .innerJoin(s, and(eq(s.userId, participants.userId), sql`(${s.devices} > 0 or ${s.mailAfterMinutes} is not null)`))
    .where(and(eq(participants.chatId, chatId), gt(participants.userId, afterUserId)))
    .orderBy(asc(participants.userId))
    .limit(limit)
}

/** Those of these members of a chat who are to be notified of new messages: of the newest one each. */
export async function listNotified (
  orm: Orm, chatId: number, members: { from: number, to: number, userIds: readonly number[] }
): Promise<NotifiedRow[]> {
  return selectNotified(orm, chatId, members)
}

/**
 * The query of {@link listNotified}. The members are chosen before: the planner cannot know how many of all are left in
 * the end, and would look at every member of a large chat for each page.
 */
export function selectNotified (
  orm: Orm, chatId: number, { from, to, userIds }: { from: number, to: number, userIds: readonly number[] }
) {
  return orm
    .select({
      userId: participants.userId,
      seq: sql`notable.seq`.mapWith(messages.seq),
      devices: s.devices,
      mailAfterMinutes: s.mailAfterMinutes,
      quietFrom: s.quietFrom,
      quietTo: s.quietTo,
      timeZone: s.timeZone
    })
    .from(participants)
    .innerJoin(s, eq(s.userId, participants.userId))
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(chatTypes, and(eq(chatTypes.type, chats.type), mayRead))
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .innerJoin(newestNotable({ from: Math.max(from, to - MAX_RANGE), to }), sql`true`)
    .where(and(
      eq(participants.chatId, chatId), inList(participants.userId, `{${userIds.join()}}`, 'bigint'), isListening
    ))
    .orderBy(asc(participants.userId))
}

/** A chat with messages that a user has not read. */
export type UnreadChat = {
  chatId: number
  name: string | null
  /** The author of the newest one. */
  author: string
}

/** The chats of a user with messages behind a moment that the user is to be notified of, the newest first. */
export async function listUnreadChats (
  orm: Orm, userId: number, { since, limit }: { since: Date | null, limit: number }
): Promise<UnreadChat[]> {
  const notable = newestNotable({ from: sql`${chatHeads.lastSeq} - ${MAX_RANGE}`, to: chatHeads.lastSeq.getSQL() })
  return orm
    .select({ chatId: participants.chatId, name: chats.name, author: users.displayName })
    .from(participants)
    .innerJoin(s, eq(s.userId, participants.userId))
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(chatTypes, and(eq(chatTypes.type, chats.type), mayRead))
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .innerJoin(notable, sql`true`)
    .innerJoin(users, sql`${users.id} = notable.author_id`)
    .where(and(
      eq(participants.userId, userId), isListening,
      since === null ? undefined : sql`notable.created_at > ${since.toISOString()}::timestamptz`
    ))
    .orderBy(sql`notable.created_at desc`)
    .limit(limit)
}

/** What a device is to be told of a chat. */
export type DueNotice = {
  device: DeviceRow
  previews: boolean
  chat: { publicId: string | null, name: string | null, type: string } | undefined
  /** The last message that the user was to be notified of; undefined when the notification was taken back. */
  mark: { seq: number, isShown: boolean } | undefined
  /** The message to notify of, as it is now; undefined for none. */
  message: NoticeMessage | undefined
}

/** A message with its author. */
export type NoticeMessage = {
  seq: number
  parentSeq: number | null
  authorId: number
  username: string
  displayName: string
  body: string
  extra: MessageExtra | null
  createdAt: Date
  isMention: boolean
}

/** A device whose user may be sent something now: the session is live, and the user neither suspended nor gone. */
const isLive = and(
  isNull(users.deletedAt), isNull(users.suspendedAt), isNull(users.disabledAt),
  sql`(${pushDevices.sessionId} is null or exists (select from ${sessions} live where live.id = ${pushDevices.sessionId}
    and live.revoked_at is null and live.expires_at > now()))`
)

/** Returns what a device is to be told of a chat now; undefined when the device is gone, or its session has ended. */
export async function findDueNotice (orm: Orm, deviceId: number, chatId: number): Promise<DueNotice | undefined> {
  const notable = newestNotable({ from: sql`${pushMarks.seq} - ${MAX_RANGE}`, to: pushMarks.seq.getSQL() })
  const author = sql`(select id, username, display_name from ${users}) author`
  const [row] = await orm
    .select({
      device: DEVICE_COLUMNS,
      previews: s.previews,
      chatName: chats.name,
      publicId: chats.publicId,
      type: chats.type,
      markSeq: pushMarks.seq,
      isShown: pushMarks.isShown,
      seq: sql`notable.seq`.mapWith(messages.parentSeq),
      parentSeq: sql`notable.parent_seq`.mapWith(messages.parentSeq),
      authorId: sql`notable.author_id`.mapWith(messages.authorId),
      username: sql<string | null>`author.username`,
      displayName: sql<string | null>`author.display_name`,
      body: sql<string | null>`notable.body`,
      extra: sql<MessageExtra | null>`notable.extra`,
      createdAt: sql`notable.created_at`.mapWith(messages.createdAt),
      isMention: sql<boolean | null>`notable.is_mention`
    })
    .from(pushDevices)
    .innerJoin(users, and(eq(users.id, pushDevices.userId), isLive))
    .innerJoin(s, eq(s.userId, pushDevices.userId))
    .leftJoin(chats, eq(chats.id, chatId))
    .leftJoin(pushMarks, and(eq(pushMarks.chatId, chatId), eq(pushMarks.userId, pushDevices.userId)))
    .leftJoin(participants, and(
      eq(participants.chatId, chatId), eq(participants.userId, pushDevices.userId), isListening
    ))
    .leftJoin(chatTypes, and(eq(chatTypes.type, chats.type), mayRead))
    .leftJoin(chatHeads, eq(chatHeads.chatId, chats.id))
    .leftJoin(notable, sql`${chatTypes.type} is not null`)
    .leftJoin(author, sql`author.id = notable.author_id`)
    .where(eq(pushDevices.id, deviceId))
  if (row === undefined) return undefined
  const { device, previews, publicId, chatName, type, markSeq, isShown } = row
  return {
    device,
    previews,
    chat: type === null ? undefined : { publicId, name: chatName, type },
    mark: markSeq === null ? undefined : { seq: markSeq, isShown: isShown ?? false },
    message: messageOf(row)
  }
}

function messageOf (
  row: { [Name in keyof NoticeMessage]: NoticeMessage[Name] | null }
): NoticeMessage | undefined {
  const { seq, parentSeq, authorId, username, displayName, body, extra, createdAt, isMention } = row
  if (seq === null || authorId === null || username === null || displayName === null) return undefined
  if (body === null || createdAt === null) return undefined
  return { seq, parentSeq, authorId, username, displayName, body, extra, createdAt, isMention: isMention ?? false }
}
