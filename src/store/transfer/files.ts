/** Queries that bring the files of messages that were imported. */
import { eq, sql } from 'drizzle-orm'
import type { Orm } from '../database.ts'
import { chats, files, messages } from '../schema.ts'

/** A file that a message names. */
export type AttachedFile = {
  id: string
  chatId: number
  seq: number
  name: string
  size: number
  contentType: string
  width: number | null
  height: number | null
}

type Attachment = {
  file: string
  name: string
  content_type: string
  size: number
  width?: number | null
  height?: number | null
}

/**
 * Lists the files that messages behind a place name, and that are not here.
 * @param limit of messages with files that are looked at
 */
export async function listAbsentFiles (
  orm: Orm, after: { chatId: number, seq: number }, limit: number
): Promise<{ files: AttachedFile[], next: { chatId: number, seq: number } | undefined }> {
  const rows = await orm
    .select({
      chatId: messages.chatId,
      seq: messages.seq,
      absent: sql<Attachment[] | null>`(
        select jsonb_agg(a.value) from jsonb_array_elements(${messages.extra} -> 'attachments') a
        where not exists (select from ${files} f where f.id = a.value ->> 'file'))`
    })
    .from(messages)
    .innerJoin(chats, eq(chats.id, messages.chatId))
    .where(sql`(${messages.chatId}, ${messages.seq}) > (${after.chatId}, ${after.seq})
      and ${messages.extra} -> 'attachments' is not null and ${messages.deletedAt} is null`)
    .orderBy(messages.chatId, messages.seq)
    .limit(limit)
  const last = rows.at(-1)
  return {
    files: rows.flatMap(({ chatId, seq, absent }) => (absent ?? []).map(
      ({ file: id, name, content_type: contentType, size, width = null, height = null }) =>
        ({ id, chatId, seq, name, size, contentType, width, height })
    )),
    next: rows.length < limit ? undefined : last && { chatId: last.chatId, seq: last.seq }
  }
}

/** Adds a file whose content is here, if its message still names it. @returns whether it was added */
export async function insertAttachedFile (
  orm: Orm, { id, chatId, seq, name, size, contentType, width, height }: AttachedFile, hasThumbnail: boolean
): Promise<boolean> {
  return orm.transaction(async (tx) => {
    const [message] = await tx.select({ userId: messages.authorId, createdAt: messages.createdAt }).from(messages)
      .where(sql`${messages.chatId} = ${chatId} and ${messages.seq} = ${seq} and ${messages.deletedAt} is null
        and ${messages.extra} -> 'attachments' @> jsonb_build_array(jsonb_build_object('file', ${id}::text))`)
      .for('update')
    if (message === undefined) return false
    const added = await tx.insert(files).values({
      ...{ id, chatId, name, size, width, height, contentType, hasThumbnail },
      ...message,
      declaredType: contentType,
      completedAt: sql`now()`,
      messageSeq: seq
    }).onConflictDoNothing().returning({ id: files.id })
    return added.length > 0
  })
}

/** Whether there is a file with this id. */
export async function isFileThere (orm: Orm, id: string): Promise<boolean> {
  return (await orm.select({ id: files.id }).from(files).where(eq(files.id, id))).length > 0
}
