/** What messages have in tables of their own: reactions, pins and threads. */
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import type { MessageRow } from './messages.ts'
import { oncePerDatabase } from './prepared.ts'
import { messageVersions, pins, reactions, users } from './schema.ts'
import { inList } from './sql.ts'

/** The marks of a message; see the SQL function `marks_of`. Times are in milliseconds since 1970. */
export type StoredMarks = {
  reactions: Record<string, number>
  pinnedAt: number | null
  thread: { replies: number, lastReplyAt: number | null, participants: [userId: number, username: string][] } | null
}

/** A reaction of a user. */
export type ReactionRow = { userId: number, username: string, emoji: string, at: Date }
/** One of the texts that a message has had. */
export type VersionRow = { version: number, text: string, data: Record<string, unknown> | null, at: Date }

const listOf = (seqs: readonly number[]) => `{${seqs.join()}}`

const statements = oncePerDatabase((orm) => {
  const chatId = sql.placeholder('chatId')
  const seqs = sql.placeholder('seqs')
  return {
    marks: orm
      .select({ seq: sql`found.message`.mapWith(pins.seq), marks: sql<StoredMarks>`found.marks` })
      .from(sql`marks_of(${chatId}::bigint, ${seqs}::text::bigint[]) found`)
      .prepare('marks_of'),
    own: orm
      .select({ seq: reactions.seq, emoji: reactions.emoji })
      .from(reactions)
      .where(
        and(
          eq(reactions.chatId, chatId),
          inList(reactions.seq, seqs, 'bigint'),
          eq(reactions.userId, sql.placeholder('userId'))
        )
      )
      .prepare('own_reactions')
  }
})

/** Whether a message has had marks, so that it may have some. */
export function hasMarks ({ changes }: MessageRow): boolean {
  return changes?.[5]?.marks === true
}

/** Reads the marks of messages that have some, and adds them. */
export async function addMarks (orm: Orm, chatId: number, rows: readonly MessageRow[]): Promise<void> {
  if (rows.length === 0) return
  const seqs = new Set(rows.map(({ seq }) => seq))
  const found = await statements(orm).marks.execute({ chatId, seqs: listOf([...seqs]) })
  const marksOf = new Map(found.map(({ seq, marks }) => [seq, marks]))
  for (const row of rows) row.marks = marksOf.get(row.seq)
}

/** The reactions of a user to these messages. */
export async function listOwnReactions (
  orm: Orm,
  chatId: number,
  userId: number,
  seqs: readonly number[]
): Promise<{ seq: number, emoji: string }[]> {
  return seqs.length === 0 ? [] : statements(orm).own.execute({ chatId, userId, seqs: listOf(seqs) })
}

/** A position in the list of the reactions to a message, or that which is before it, in reverse. */
export type ReactionsFrom = { position: { userId: number, emoji: string }, isBackward: boolean }

/**
 * At most `limit` reactions to a message, by user and emoji.
 * @param from the first or the last one of another page; undefined for the first page
 */
export async function listReactions (
  orm: Orm,
  chatId: number,
  seq: number,
  { from, limit }: { from: ReactionsFrom | undefined, limit: number }
): Promise<ReactionRow[]> {
  const isBackward = from?.isBackward === true
  const place = sql`(${reactions.userId}, ${reactions.emoji})`
  const start = from && sql`(${from.position.userId}::bigint, ${from.position.emoji}::text collate "C")`
  const order = isBackward ? desc : asc
  return orm
    .select({ userId: reactions.userId, username: users.username, emoji: reactions.emoji, at: reactions.createdAt })
    .from(reactions)
    .innerJoin(users, eq(users.id, reactions.userId))
    .where(
      and(
        eq(reactions.chatId, chatId),
        eq(reactions.seq, seq),
        start && (isBackward ? sql`${place} < ${start}` : sql`${place} > ${start}`)
      )
    )
    .orderBy(order(reactions.userId), order(reactions.emoji))
    .limit(limit)
}

/** The seqs of the pinned messages of a chat behind one, in their order. */
export async function listPins (orm: Orm, chatId: number, after: number): Promise<number[]> {
  const rows = await orm
    .select({ seq: pins.seq })
    .from(pins)
    .where(and(eq(pins.chatId, chatId), gt(pins.seq, after)))
    .orderBy(asc(pins.seq))
  return rows.map(({ seq }) => seq)
}

/** The texts of a message before its last one, oldest first. */
export async function listVersions (orm: Orm, chatId: number, seq: number): Promise<VersionRow[]> {
  const { version, body, data, createdAt } = messageVersions
  return orm
    .select({ version, text: body, data, at: createdAt })
    .from(messageVersions)
    .where(and(eq(messageVersions.chatId, chatId), eq(messageVersions.seq, seq)))
    .orderBy(asc(version))
}
