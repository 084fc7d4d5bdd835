/** Users by their ids in `/v1`. */
import { findUsersByIds } from '../../store/users-by-id.ts'
import type { Orm } from '../../store/database.ts'
import { ChatError } from '../errors.ts'
import { accountOfUserId, isExternalId } from './user-id.ts'

/** A user as chats know them. */
export type KnownUser = { userId: number, username: string }
/** The same, and since when its account is disabled. */
export type FoundUser = KnownUser & { disabledAt: Date | null }

/** Returns those of these users that may come to a chat, by their ids: a disabled account comes to no new one. */
export async function findNewcomers (orm: Orm, ids: readonly string[]): Promise<ReadonlyMap<string, KnownUser>> {
  return new Map([...await findUsers(orm, ids)].filter(([, { disabledAt }]) => disabledAt === null))
}

/** Returns those of these users that exist, by their ids. */
export async function findUsers (orm: Orm, ids: readonly string[]): Promise<ReadonlyMap<string, FoundUser>> {
  const accounts = new Map(ids.flatMap((id) => {
    const accountId = accountOfUserId(id)
    return accountId === undefined ? [] : [[accountId, id]]
  }))
  const rows = await findUsersByIds(orm, { accountIds: [...accounts.keys()], externalIds: ids.filter(isExternalId) })
  return new Map(rows.flatMap(({ userId, username, externalId, disabledAt }) => {
    const id = externalId ?? accounts.get(userId)
    return id === undefined ? [] : [[id, { userId, username, disabledAt }]]
  }))
}

/** Returns a user. @throws {ChatError} `unknown_user` */
export async function requireUser (orm: Orm, id: string): Promise<FoundUser> {
  const user = (await findUsers(orm, [id])).get(id)
  if (user === undefined) throw new ChatError('unknown_user')
  return user
}
