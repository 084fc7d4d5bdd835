/** Queries of clients that follow many chats at once. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { type Membership, membershipFields } from './chats.ts'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { chatHeads, chats, chatTypes, participants } from './schema.ts'
import { inList } from './sql.ts'

const statements = oncePerDatabase((orm) => ({
  memberships: orm
    .select(membershipFields())
    .from(sql`unnest(${sql.placeholder('chatIds')}::text::bigint[]) asked(id)`)
    .innerJoin(
      participants,
      and(eq(participants.chatId, sql`asked.id`), eq(participants.userId, sql.placeholder('userId')))
    )
    .innerJoin(chatHeads, eq(chatHeads.chatId, participants.chatId))
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .prepare('memberships'),
  numbered: orm
    .select({ chatId: chats.id })
    .from(chats)
    .where(and(inList(chats.id, sql.placeholder('chatIds'), 'bigint'), isNull(chats.publicId)))
    .prepare('numbered_chats')
}))

/** A user's view of those of these chats that the user is a member of. */
export async function findMemberships (orm: Orm, userId: number, chatIds: readonly number[]): Promise<Membership[]> {
  return statements(orm).memberships.execute({ userId, chatIds: `{${chatIds.join()}}` })
}

/** A chat that anybody may read. */
export type OpenChat = Pick<Membership, 'chatId' | 'lastSeq' | 'membersVersion' | 'chosenId' | 'type'>

/** Those of these chats that anybody may read: all of what has happened in them. */
export async function findOpenChats (orm: Orm, chatIds: readonly number[]): Promise<OpenChat[]> {
  const { definition } = chatTypes
  return orm
    .select({
      chatId: chats.id,
      lastSeq: chatHeads.lastSeq,
      membersVersion: chatHeads.membersVersion,
      chosenId: chats.publicId,
      type: chats.type
    })
    .from(chats)
    .innerJoin(chatHeads, eq(chatHeads.chatId, chats.id))
    .innerJoin(chatTypes, eq(chatTypes.type, chats.type))
    .where(and(
      inArray(chats.id, [...chatIds]),
      sql`${definition} ->> 'visibility' = 'public'`,
      sql`${definition} ->> 'history' = 'all'`
    ))
}

/** Those of these chats that have no id chosen by the application, and so are named by their number. */
export async function findNumbered (orm: Orm, chatIds: readonly number[]): Promise<number[]> {
  const rows = await statements(orm).numbered.execute({ chatIds: `{${chatIds.join()}}` })
  return rows.map(({ chatId }) => chatId)
}

/** Those of these ids that the application has chosen for chats, with the chats. */
export async function findChosen (
  orm: Orm, chosenIds: readonly string[]
): Promise<{ chatId: number, chosenId: string }[]> {
  const rows = await orm
    .select({ chatId: chats.id, chosenId: chats.publicId })
    .from(chats)
    .where(inArray(chats.publicId, [...chosenIds]))
  return rows.flatMap(({ chatId, chosenId }) => (chosenId === null ? [] : [{ chatId, chosenId }]))
}
