/** Queries that read users for an export, a page at a time. */
import { and, asc, eq, gt, isNotNull, isNull, or, sql } from 'drizzle-orm'
import type { Orm } from '../database.ts'
import {
  accountProfiles, applicationUsers, blocks, hiddenPresence, hiddenReceipts, notificationSettings, users
} from '../schema.ts'
import { inList } from '../sql.ts'

/** A user of either kind, or one that is erased. */
export type ExportedUserRow = Awaited<ReturnType<typeof listExportedUsers>>[number]

/** A block. */
export type ExportedBlockRow = Awaited<ReturnType<typeof listExportedBlocks>>[number]
/** The place of a block among all. */
export type BlockPosition = { userId: number, blockedId: number }

/** No registration that waits for its code. */
const IS_THERE = or(isNotNull(users.deletedAt), isNotNull(users.activatedAt), eq(users.passwordHash, ''))

/** Users behind a number. @param only these alone */
export async function listExportedUsers (
  orm: Orm, { after, limit, only }: { after: number, limit: number, only?: readonly number[] }
) {
  return orm
    .select({
      userId: users.id,
      username: users.username,
      externalId: applicationUsers.externalId,
      name: users.displayName,
      email: users.email,
      passwordHash: users.passwordHash,
      activatedAt: users.activatedAt,
      emailVerifiedAt: users.emailVerifiedAt,
      createdAt: users.createdAt,
      suspendedAt: users.suspendedAt,
      disabledAt: users.disabledAt,
      deletedAt: users.deletedAt,
      avatar: sql<string | null>`coalesce(${applicationUsers.avatar}, ${accountProfiles.avatar})`,
      data: sql<Record<string, unknown> | null>`coalesce(${applicationUsers.data}, ${accountProfiles.data})`,
      version: sql<number | null>`coalesce(${applicationUsers.version}, ${accountProfiles.version})`,
      claimedName: applicationUsers.claimedName,
      claimedAvatar: applicationUsers.claimedAvatar,
      tokensRevokedAt: applicationUsers.tokensRevokedAt,
      hidesReceipts: sql<boolean>`${hiddenReceipts.userId} is not null`,
      hidesPresence: sql<boolean>`${hiddenPresence.userId} is not null`,
      push: notificationSettings.push,
      previews: notificationSettings.previews,
      quietFrom: notificationSettings.quietFrom,
      quietTo: notificationSettings.quietTo,
      timeZone: notificationSettings.timeZone,
      mailAfterMinutes: notificationSettings.mailAfterMinutes
    })
    .from(users)
    .leftJoin(applicationUsers, eq(applicationUsers.userId, users.id))
    .leftJoin(accountProfiles, eq(accountProfiles.userId, users.id))
    .leftJoin(hiddenReceipts, eq(hiddenReceipts.userId, users.id))
    .leftJoin(hiddenPresence, eq(hiddenPresence.userId, users.id))
    .leftJoin(notificationSettings, eq(notificationSettings.userId, users.id))
    .where(and(
      gt(users.id, after), IS_THERE, only === undefined ? undefined : inList(users.id, `{${only.join()}}`, 'bigint')
    ))
    .orderBy(asc(users.id))
    .limit(limit)
}

/** The names of users, from which their ids follow. */
export async function findUserNames (
  orm: Orm, userIds: readonly number[]
): Promise<{ userId: number, externalId: string | null }[]> {
  return orm.select({ userId: users.id, externalId: applicationUsers.externalId }).from(users)
    .leftJoin(applicationUsers, eq(applicationUsers.userId, users.id))
    .where(inList(users.id, `{${userIds.join()}}`, 'bigint'))
}

/** Blocks behind one. @param of only those by this user */
export async function listExportedBlocks (
  orm: Orm, { after, limit, of }: { after: BlockPosition, limit: number, of?: number | undefined }
) {
  return orm.select().from(blocks)
    .where(and(
      sql`(${blocks.userId}, ${blocks.blockedId}) > (${after.userId}, ${after.blockedId})`,
      of === undefined ? undefined : eq(blocks.userId, of),
      isNull(sql`(select u.deleted_at from ${users} u where u.id = ${blocks.userId})`),
      isNull(sql`(select u.deleted_at from ${users} u where u.id = ${blocks.blockedId})`)
    ))
    .orderBy(asc(blocks.userId), asc(blocks.blockedId))
    .limit(limit)
}
