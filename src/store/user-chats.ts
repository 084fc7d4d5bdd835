/** Queries on the lists of chats of many users at once, for those who follow all of theirs. */
import { eq, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { otherMember } from './chats.ts'
import { chatHeads, chats, participants, userChats, users } from './schema.ts'

/**
 * A chat of a user: its head, the seq after which events are visible to the user, and the other member of a direct
 * chat.
 */
export type UserChat = {
  chatId: number
  fromSeq: number
  lastSeq: number
  membersVersion: number
  otherId: number | null
  type: string
}
/** The chats of a user. `version` counts the changes of the list. */
export type UserChats = { userId: number, version: number, chats: UserChat[] }
/** A user who was brought into a chat by another one. */
export type Added = { userId: number, chatId: number, by: string }

type ChatTuple = [
  chatId: number, fromSeq: number, lastSeq: number, membersVersion: number, otherId: number | null, type: string
]

const statements = oncePerDatabase((orm) => {
  const listed = sql`unnest(${sql.placeholder('userIds')}::text::bigint[]) listed(id)`
  const pairs = sql`unnest(${sql.placeholder('userIds')}::text::bigint[],
    ${sql.placeholder('chatIds')}::text::bigint[]) pair(user_id, chat_id)`
  const version = sql`coalesce(${userChats.version}, 0)`.mapWith(userChats.version)
  const columns = { userId: sql`listed.id`.mapWith(userChats.userId), version }
  return {
    // A list of numbers is parsed many times as fast as rows are.
    chats: orm
      .select({
        ...columns,
        list: sql<ChatTuple[] | null>`(
          select json_agg(json_build_array(${participants.chatId}, ${participants.fromSeq}, ${chatHeads.lastSeq},
            ${chatHeads.membersVersion}, ${otherMember()}, ${chats.type}))
          from ${participants}
          join ${chatHeads} on ${chatHeads.chatId} = ${participants.chatId}
          join ${chats} on ${chats.id} = ${participants.chatId}
          where ${participants.userId} = listed.id)`
      })
      .from(listed)
      .leftJoin(userChats, sql`${userChats.userId} = listed.id`)
      .prepare('user_chats'),
    versions: orm
      .select(columns)
      .from(listed)
      .leftJoin(userChats, sql`${userChats.userId} = listed.id`)
      .prepare('user_chats_versions'),
    added: orm
      .select({ userId: participants.userId, chatId: participants.chatId, by: users.username })
      .from(pairs)
      .innerJoin(
        participants,
        sql`${participants.userId} = pair.user_id and ${participants.chatId} = pair.chat_id`
      )
      .innerJoin(users, eq(users.id, participants.addedBy))
      .prepare('user_chats_added')
  }
})

/** The chats of these users, and the versions of their lists in the same snapshot. */
export async function listUserChats (orm: Orm, userIds: readonly number[]): Promise<UserChats[]> {
  const rows = await statements(orm).chats.execute({ userIds: `{${userIds.join()}}` })
  return rows.map(({ userId, version, list }) => ({
    userId,
    version,
    chats: (list ?? []).map(([chatId, fromSeq, lastSeq, membersVersion, otherId, type]) => ({
      chatId, fromSeq, lastSeq, membersVersion, otherId, type
    }))
  }))
}

/** The versions of the lists of these users. */
export async function findUserChatsVersions (
  orm: Orm,
  userIds: readonly number[]
): Promise<{ userId: number, version: number }[]> {
  return statements(orm).versions.execute({ userIds: `{${userIds.join()}}` })
}

/** Those of these memberships that another user has made, with the name of that one. */
export async function findAdded (
  orm: Orm,
  memberships: readonly { userId: number, chatId: number }[]
): Promise<Added[]> {
  return statements(orm).added.execute({
    userIds: `{${memberships.map(({ userId }) => userId).join()}}`,
    chatIds: `{${memberships.map(({ chatId }) => chatId).join()}}`
  })
}
