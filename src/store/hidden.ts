/** Messages that members have deleted for themselves. */
import { and, eq, gt, lte, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { hiddenMessages, messages, participants } from './schema.ts'

/** What became of a message to hide. */
export type HideOutcome = 'hidden' | 'unchanged' | 'refused' | 'missing'

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
