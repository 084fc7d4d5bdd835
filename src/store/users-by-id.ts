/** Queries that find users of any kind. */
import { and, eq, inArray, isNotNull, isNull, type SQL } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { applicationUsers, users } from './schema.ts'

/** Accounts of ours by their numbers, and users of the application by the ids that it gave them. */
export type UserNames = { accountIds: readonly number[], externalIds: readonly string[] }

/** A user; `externalId` is null for an account of ours. */
export type UserOfId = { userId: number, username: string, externalId: string | null, disabledAt: Date | null }

/** Returns those of these users that are there: active accounts, and users of the application. */
export async function findUsersByIds (orm: Orm, { accountIds, externalIds }: UserNames): Promise<UserOfId[]> {
  // Apart, since each has its index.
  const [accounts, applications] = await Promise.all([
    accountIds.length === 0
      ? []
      : selectUsers(orm, and(
          inArray(users.id, [...accountIds]), isNotNull(users.activatedAt), isNull(applicationUsers.userId)
        )),
    externalIds.length === 0 ? [] : selectUsers(orm, inArray(applicationUsers.externalId, [...externalIds]))
  ])
  return [...accounts, ...applications]
}

async function selectUsers (orm: Orm, condition: SQL | undefined): Promise<UserOfId[]> {
  return orm
    .select({
      userId: users.id,
      username: users.username,
      externalId: applicationUsers.externalId,
      disabledAt: users.disabledAt
    })
    .from(users)
    .leftJoin(applicationUsers, eq(applicationUsers.userId, users.id))
    .where(and(condition, isNull(users.deletedAt)))
}
