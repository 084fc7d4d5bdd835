/** Messages that members have deleted for themselves. */
import { and, eq, gt, inArray, lte, sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import { hiddenMessages, messages, participants } from './schema.ts'

/** What became of a message to hide. */
export type HideOutcome = 'hidden' | 'unchanged' | 'refused' | 'missing'

/** Whether a member has hidden any message of a chat. */
export function hasHidden (chatId: PgColumn, userId: PgColumn): SQL<boolean> {
  return sql<boolean>`exists (select from ${hiddenMessages} h where h.chat_id = ${chatId} and h.user_id = ${userId})`
}

/** Whether a user has hidden a message; never where `userId` is null. */
export function isHidden (
  { chatId, userId, seq }: { chatId: SQLWrapper | number, userId: SQLWrapper | number | null, seq: SQLWrapper }
): SQL<boolean> {
  return sql<boolean>`exists (select from ${hiddenMessages} h
    where h.chat_id = ${chatId} and h.user_id = ${userId} and h.seq = ${seq})`
}

/** Hides a message from a member who sees it. */
export async function hideMessage (tx: Orm, chatId: number, userId: number, seq: number): Promise<HideOutcome> {
  const [member] = await tx
    .select({ sees: sql<boolean>`exists (select from ${messages} m
      where m.chat_id = ${chatId} and m.seq = ${seq} and m.seq > ${participants.fromSeq})` })
    .from(participants)
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
  if (member === undefined) return 'refused'
  if (!member.sees) return 'missing'
  const rows = await tx
    .insert(hiddenMessages)
    .values({ chatId, userId, seq })
    .onConflictDoNothing()
    .returning({ seq: hiddenMessages.seq })
  return rows.length > 0 ? 'hidden' : 'unchanged'
}

/** Those of these messages that somebody has hidden, with the users. */
export async function listHiders (
  orm: Orm,
  chatId: number,
  seqs: readonly number[]
): Promise<ReadonlyMap<number, readonly number[]>> {
  const { seq, userId } = hiddenMessages
  const rows = seqs.length === 0
    ? []
    : await orm
        .select({ seq, userIds: sql<number[]>`json_agg(${userId})` })
        .from(hiddenMessages)
        .where(and(eq(hiddenMessages.chatId, chatId), inArray(seq, [...seqs])))
        .groupBy(seq)
  return new Map(rows.map(({ seq, userIds }) => [seq, userIds]))
}

/** The seqs of the messages with `after < seq <= last` that a member has hidden. */
export async function listHidden (
  orm: Orm,
  chatId: number,
  userId: number,
  { after, last }: { after: number, last: number }
): Promise<number[]> {
  const { seq } = hiddenMessages
  const rows = await orm
    .select({ seq })
    .from(hiddenMessages)
    .where(and(eq(hiddenMessages.chatId, chatId), eq(hiddenMessages.userId, userId), gt(seq, after), lte(seq, last)))
  return rows.map(({ seq }) => seq)
}
