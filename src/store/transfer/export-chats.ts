/** Queries that read chats for an export, a page at a time. */
import { and, asc, eq, gt, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { holds } from '../bans.ts'
import type { Orm } from '../database.ts'
import {
  chatBans, chatEvents, chatHeads, chats, chatTypes, deletedChatIds, hiddenMessages, mentions, messages,
  messageVersions, participants, pins, reactionCounts, reactions, retiredNames, threadFollowers, threads
} from '../schema.ts'

const BUILT_IN = ['direct', 'group', 'channel', 'broadcast']

/** So many rows behind a position. */
type Page = { after: number, limit: number }
/** A type of chats. */
export type ExportedTypeRow = Awaited<ReturnType<typeof listOwnTypes>>[number]
/** A chat with its head. */
export type ExportedChatRow = Awaited<ReturnType<typeof listExportedChats>>[number]
/** A member of a chat. */
export type ExportedMemberRow = Awaited<ReturnType<typeof listExportedMembers>>[number]
/** A ban from a chat. */
export type ExportedBanRow = Awaited<ReturnType<typeof listExportedBans>>[number]
/** A part of a log: everything about seqs of a range. */
export type ExportedLog = Awaited<ReturnType<typeof readExportedLog>>

/** The types of chats that are not built in. */
export async function listOwnTypes (orm: Orm) {
  return orm.select({ type: chatTypes.type, definition: chatTypes.definition }).from(chatTypes)
    .where(notInArray(chatTypes.type, BUILT_IN)).orderBy(asc(chatTypes.type))
}

/** Chats behind a number, with their heads. @param only this one alone @param member only those of this user */
export async function listExportedChats (
  orm: Orm, { after, limit, only, member }: Page & { only?: number | undefined, member?: number | undefined }
) {
  return orm
    .select({
      chatId: chats.id,
      publicId: chats.publicId,
      type: chats.type,
      userLow: chats.userLow,
      userHigh: chats.userHigh,
      name: chats.name,
      description: chats.description,
      avatar: chats.avatar,
      data: chats.data,
      version: chats.version,
      createdAt: chats.createdAt,
      createdBy: chats.createdBy,
      frozenAt: chats.frozenAt,
      closedAt: chatHeads.closedAt,
      lastSeq: chatHeads.lastSeq
    })
    .from(chats)
    .innerJoin(chatHeads, eq(chatHeads.chatId, chats.id))
    .where(and(
      gt(chats.id, after),
      only === undefined ? undefined : eq(chats.id, only),
      member === undefined ? undefined : sql`exists (select from ${participants} p
        where p.chat_id = ${chats.id} and p.user_id = ${member})`
    ))
    .orderBy(asc(chats.id))
    .limit(limit)
}

/** Members of a chat behind a user. @param only this one alone */
export async function listExportedMembers (
  orm: Orm, chatId: number, { after, limit, only }: Page & { only?: number | undefined }
) {
  return orm.select().from(participants)
    .where(and(
      eq(participants.chatId, chatId),
      gt(participants.userId, after),
      only === undefined ? undefined : eq(participants.userId, only)
    ))
    .orderBy(asc(participants.userId))
    .limit(limit)
}

/** Bans from a chat that hold, behind one, in the order in which they were made. */
export async function listExportedBans (orm: Orm, chatId: number, { after, limit }: Page) {
  return orm.select().from(chatBans).where(and(eq(chatBans.chatId, chatId), gt(chatBans.id, after), holds()))
    .orderBy(asc(chatBans.id)).limit(limit)
}

/** Messages and events of a chat with `after < seq <= last`, and all that these messages have. */
export async function readExportedLog (orm: Orm, chatId: number, { after, last }: { after: number, last: number }) {
  const inRange = (chat: PgColumn, seq: PgColumn) => and(eq(chat, chatId), gt(seq, after), lte(seq, last))
  const rows = await orm.select().from(messages).where(inRange(messages.chatId, messages.seq))
    .orderBy(asc(messages.seq))
  const isMarked = rows.some(({ extra }) => extra?.marks === true)
  const isChanged = rows.some(({ version }) => version !== null)
  return {
    messages: rows,
    events: await orm.select().from(chatEvents).where(inRange(chatEvents.chatId, chatEvents.seq))
      .orderBy(asc(chatEvents.seq)),
    versions: isChanged
      ? await orm.select().from(messageVersions).where(inRange(messageVersions.chatId, messageVersions.seq))
          .orderBy(asc(messageVersions.seq), asc(messageVersions.version))
      : [],
    reactions: isMarked ? await readReactions(orm, inRange(reactions.chatId, reactions.seq)) : [],
    pins: isMarked ? await orm.select().from(pins).where(inRange(pins.chatId, pins.seq)) : [],
    // A deleted message keeps its thread, and has no mark.
    ...rows.length === 0
      ? { threads: [], followers: [] }
      : {
          threads: await orm.select().from(threads).where(inRange(threads.chatId, threads.seq)),
          followers: await orm.select().from(threadFollowers)
            .where(inRange(threadFollowers.chatId, threadFollowers.parentSeq))
            .orderBy(asc(threadFollowers.parentSeq), asc(threadFollowers.userId))
        },
    hidden: await orm.select({ seq: hiddenMessages.seq, userId: hiddenMessages.userId }).from(hiddenMessages)
      .where(inRange(hiddenMessages.chatId, hiddenMessages.seq))
      .orderBy(asc(hiddenMessages.seq), asc(hiddenMessages.userId))
  }
}

/** Reactions in the order in which their kinds are shown. */
async function readReactions (orm: Orm, range: SQL | undefined) {
  return orm
    .select({
      seq: reactions.seq, userId: reactions.userId, emoji: reactions.emoji, createdAt: reactions.createdAt
    })
    .from(reactions)
    .leftJoin(reactionCounts, and(
      eq(reactionCounts.chatId, reactions.chatId),
      eq(reactionCounts.seq, reactions.seq),
      eq(reactionCounts.emoji, reactions.emoji)
    ))
    .where(range)
    .orderBy(asc(reactions.seq), asc(reactionCounts.firstSeq), asc(reactions.createdAt), asc(reactions.userId))
}

/** The users whom a chat names: as authors, members, and in any other way. */
export async function listNamedUsers (orm: Orm, chatId: number): Promise<number[]> {
  const of = (column: SQL, table: PgColumn['table']) =>
    sql`select ${column} as id from ${table} t where t.chat_id = ${chatId}`
  const rows = await orm
    .select({ id: sql`named.id`.mapWith(Number) })
    .from(sql`(
      ${of(sql`t.author_id`, messages)} union ${of(sql`t.actor_id`, chatEvents)}
      union ${of(sql`(t.data ->> 'userId')::bigint`, chatEvents)} union ${of(sql`t.user_id`, participants)}
      union ${of(sql`t.added_by`, participants)} union ${of(sql`t.user_id`, reactions)}
      union ${of(sql`t.pinned_by`, pins)} union ${of(sql`t.user_id`, threadFollowers)}
      union ${of(sql`unnest(t.participants)`, threads)} union ${of(sql`t.user_id`, hiddenMessages)}
      union ${of(sql`case when t.target ~ '^[0-9]+$' then t.target::bigint end`, mentions)}
      union ${of(sql`unnest(array[t.user_id, t.banned_by])`, chatBans)}
      union select c.created_by from ${chats} c where c.id = ${chatId}
      union select unnest(array[c.user_low, c.user_high]) from ${chats} c where c.id = ${chatId} and c.type = 'direct'
    ) named`)
    .where(sql`named.id is not null`)
    .orderBy(sql`named.id`)
  return rows.map(({ id }) => id)
}

/** Ids of chats that are gone, behind one. */
export async function listRetiredChatIds (orm: Orm, after: string, limit: number): Promise<string[]> {
  const rows = await orm.select({ id: deletedChatIds.publicId }).from(deletedChatIds)
    .where(gt(deletedChatIds.publicId, after)).orderBy(asc(deletedChatIds.publicId)).limit(limit)
  return rows.map(({ id }) => id)
}

/** Hashes of names of erased users, behind one. */
export async function listRetiredNames (orm: Orm, after: string, limit: number): Promise<string[]> {
  const rows = await orm.select({ hash: retiredNames.nameHash }).from(retiredNames)
    .where(sql`${retiredNames.nameHash} collate "C" > ${after}`)
    .orderBy(sql`${retiredNames.nameHash} collate "C"`).limit(limit)
  return rows.map(({ hash }) => hash)
}

/** The messages of a user in a chat behind a seq, which are not deleted. */
export async function listMessagesOf (
  orm: Orm, { chatId, userId, after, limit }: { chatId: number, userId: number, after: number, limit: number }
) {
  return orm.select().from(messages)
    .where(and(
      eq(messages.chatId, chatId), eq(messages.authorId, userId), gt(messages.seq, after),
      sql`${messages.deletedAt} is null`
    ))
    .orderBy(asc(messages.seq))
    .limit(limit)
}
