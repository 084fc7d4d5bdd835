/** Queries on contacts: who shares a chat with a user, of those chats in which everybody may know everybody. */
import { type Placeholder, sql } from 'drizzle-orm'
import { isUnblocked } from './blocks.ts'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { hiddenPresence, participants, users } from './schema.ts'
import { inList } from './sql.ts'

/** A larger chat makes no contacts of its members: each change of one of them would have to be told to all. */
export const MAX_MEMBERS_OF_CONTACTS = 100
/** Contacts of one user. */
const MAX_CONTACTS = 1_000

const statements = oncePerDatabase((orm) => ({
  contacts: selectContacts(orm, sql.placeholder('userIds'), sql.placeholder('isEvery')).prepare('contacts')
}))

/** @param userIds as an array in the form of Postgres */
function selectContacts (orm: Orm, userIds: string | Placeholder, isEvery: boolean | Placeholder) {
  return orm
    .select({
      userId: sql`listed.id`.mapWith(participants.userId),
      contactIds: sql<number[] | null>`(
        select json_agg(contact.id) from (
          select distinct member.id
          from ${participants} own
          cross join lateral (
            select array_agg(some_members.user_id) as ids from (
              select user_id from ${participants} other where other.chat_id = own.chat_id
              limit ${MAX_MEMBERS_OF_CONTACTS + 1}) some_members) members
          cross join lateral unnest(members.ids) member(id)
          where own.user_id = listed.id and cardinality(members.ids) <= ${MAX_MEMBERS_OF_CONTACTS}
            and member.id <> listed.id
            and (${isEvery}::boolean
              or (not exists (select from ${hiddenPresence} h where h.user_id = member.id)
                and ${isUnblocked(sql`listed.id`, sql`member.id`)}))
          limit ${MAX_CONTACTS}) contact)`
    })
    .from(sql`unnest(${userIds}::text::bigint[]) listed(id)`)
}

/** The contacts of each of these users. @param isEvery also those of whom nobody may know whether they are online */
export async function listContacts (
  orm: Orm,
  userIds: readonly number[],
  isEvery = false
): Promise<{ userId: number, contactIds: readonly number[] }[]> {
  const rows = await statements(orm).contacts.execute({ userIds: `{${userIds.join()}}`, isEvery })
  return rows.map(({ userId, contactIds }) => ({ userId, contactIds: contactIds ?? [] }))
}

/** All contacts of a user, also in a transaction. */
export async function listContactsOf (tx: Orm, userId: number): Promise<readonly number[]> {
  const [row] = await selectContacts(tx, `{${String(userId)}}`, true)
  return row?.contactIds ?? []
}

/** The members of a chat that makes contacts of them; none in a larger one. */
export async function listContactsIn (orm: Orm, chatId: number): Promise<number[]> {
  const rows = await orm
    .select({ userId: participants.userId })
    .from(participants)
    .where(sql`${participants.chatId} = ${chatId}`)
    .limit(MAX_MEMBERS_OF_CONTACTS + 1)
  return rows.length > MAX_MEMBERS_OF_CONTACTS ? [] : rows.map(({ userId }) => userId)
}

/** The names of these users. */
export async function findUsernames (orm: Orm, userIds: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const rows = await orm
    .select({ id: users.id, username: users.username })
    .from(users)
    .where(inList(users.id, `{${userIds.join()}}`, 'bigint'))
  return new Map(rows.map(({ id, username }) => [id, username]))
}
