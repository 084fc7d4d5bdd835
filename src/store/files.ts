/** Queries on files. */
import { and, asc, eq, inArray, isNull, lte, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { insertJob } from './jobs.ts'
import { chats, files, users } from './schema.ts'
import { after, NOW } from './sql.ts'

/** The kind of the jobs that delete contents; a trigger writes them with the row of a file that is deleted. */
export const FILE_REMOVAL_KIND = 'file-removal'

/** A file, with the chosen id of its chat and the name of its sender. */
export type FileRow = typeof files.$inferSelect & { chosenId: string | null, username: string }

/** What is known of a file when its content is complete. */
export type CompletedFile = {
  size: number
  contentType: string
  width: number | null
  height: number | null
  hasThumbnail: boolean
}

/** The first half of the key of the lock under which the files of a user are counted. */
const QUOTA_LOCK = 5_123_026
/** Files that are deleted in one statement. */
const ABANDONED_BATCH = 100

/**
 * Adds a file, if the files of its user stay within the quota.
 * @returns whether they do
 */
export async function insertFile (
  orm: Orm,
  file: Pick<typeof files.$inferInsert, 'id' | 'chatId' | 'userId' | 'name' | 'size' | 'declaredType'>,
  quotaBytes: number
): Promise<boolean> {
  return orm.transaction(async (tx) => {
    // Two at the same time would both find room.
    await tx.execute(sql`select pg_advisory_xact_lock(${QUOTA_LOCK}, (${file.userId}::bigint & 2147483647)::int)`)
    const [taken] = await tx
      .select({ bytes: sql`coalesce(sum(${files.size}), 0)`.mapWith(Number) })
      .from(files)
      .where(eq(files.userId, file.userId))
    if ((taken?.bytes ?? 0) + file.size > quotaBytes) return false
    await tx.insert(files).values(file)
    return true
  })
}

/** Returns a file. */
export async function findFile (orm: Orm, id: string): Promise<FileRow | undefined> {
  const [row] = await selectFiles(orm).where(eq(files.id, id))
  return row && { ...row.file, chosenId: row.chosenId, username: row.username }
}

/** Those of these files of a user whose content is not complete. */
export async function listIncomplete (orm: Orm, userId: number, ids: readonly string[]): Promise<FileRow[]> {
  const rows = await selectFiles(orm)
    .where(and(inArray(files.id, [...ids]), eq(files.userId, userId), isNull(files.completedAt)))
  return rows.map(({ file, ...names }) => ({ ...file, ...names }))
}

function selectFiles (orm: Orm) {
  return orm
    .select({ file: files, chosenId: chats.publicId, username: users.username })
    .from(files)
    .innerJoin(chats, eq(chats.id, files.chatId))
    .innerJoin(users, eq(users.id, files.userId))
}

/** Claims a file whose content is to be looked at, for so long. @returns false while another process has it */
export async function claimFile (orm: Orm, id: string, leaseMs: number): Promise<boolean> {
  const isFree = or(isNull(files.claimedUntil), lte(files.claimedUntil, NOW))
  const rows = await orm
    .update(files)
    .set({ claimedUntil: after(leaseMs) })
    .where(and(eq(files.id, id), isNull(files.completedAt), isFree))
    .returning({ id: files.id })
  return rows.length > 0
}

/** Ends the claim of a file. */
export async function releaseFile (orm: Orm, id: string): Promise<void> {
  await orm.update(files).set({ claimedUntil: null }).where(eq(files.id, id))
}

/**
 * Notes that the content of a file is complete, and what was uploaded for it is to be deleted, so long from now.
 * @returns false when the file is gone
 */
export async function completeFile (
  orm: Orm, id: string, completed: CompletedFile, removeUploadAfterMs: number
): Promise<boolean> {
  return orm.transaction(async (tx) => {
    const rows = await tx
      .update(files)
      .set({ ...completed, completedAt: NOW, claimedUntil: null })
      .where(and(eq(files.id, id), isNull(files.completedAt)))
      .returning({ id: files.id })
    if (rows.length > 0)
      await insertJob(tx, {
        kind: FILE_REMOVAL_KIND, payload: { file: id, uploadOnly: true }, delayMs: removeUploadAfterMs
      })
    return rows.length > 0
  })
}

/** Deletes a file that belongs to no message. @returns whether it was there */
export async function removeUnattached (orm: Orm, id: string): Promise<boolean> {
  const rows = await orm
    .delete(files)
    .where(and(eq(files.id, id), isNull(files.messageSeq)))
    .returning({ id: files.id })
  return rows.length > 0
}

/** Deletes the files of a user that belong to no message. */
export async function removeUnattachedOf (tx: Orm, userId: number): Promise<void> {
  await tx.delete(files).where(and(eq(files.userId, userId), isNull(files.messageSeq)))
}

/** Deletes the files that have belonged to no message for so long. */
export async function removeAbandoned (orm: Orm, ageMs: number): Promise<void> {
  while (await removeSomeAbandoned(orm, ageMs) === ABANDONED_BATCH) continue
}

/** @returns their number */
async function removeSomeAbandoned (orm: Orm, ageMs: number): Promise<number> {
  const old = orm.select({ id: files.id }).from(files)
    .where(and(isNull(files.messageSeq), lte(files.createdAt, after(-ageMs))))
    .orderBy(asc(files.createdAt)).limit(ABANDONED_BATCH).for('update', { skipLocked: true })
  const rows = await orm.delete(files).where(sql`${files.id} in ${old}`).returning({ id: files.id })
  return rows.length
}
