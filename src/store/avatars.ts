/** Queries on the pictures of users and chats. Which of them is an avatar follows from the profile or the chat. */
import { and, eq, isNull, lte } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { avatars } from './schema.ts'
import { after } from './sql.ts'

/** Whose picture it is. */
export type AvatarOwner = { userId: number } | { chatId: number }

/** Adds a picture, before its content is stored. */
export async function insertAvatar (
  orm: Orm, { id, owner, contentType }: { id: string, owner: AvatarOwner, contentType: string }
): Promise<void> {
  await orm.insert(avatars).values({ id, contentType, ...owner })
}

/** The type of the content of a picture that is an avatar; undefined when there is none. */
export async function findAvatarType (orm: Orm, id: string): Promise<string | undefined> {
  const [row] = await orm
    .select({ contentType: avatars.contentType, completedAt: avatars.completedAt })
    .from(avatars)
    .where(eq(avatars.id, id))
  return row === undefined || row.completedAt === null ? undefined : row.contentType
}

/** Deletes a picture that has not become an avatar. */
export async function removeIncompleteAvatar (orm: Orm, id: string): Promise<void> {
  await orm.delete(avatars).where(and(eq(avatars.id, id), isNull(avatars.completedAt)))
}

/** Deletes the pictures that have not become avatars within so long. */
export async function removeAbandonedAvatars (orm: Orm, ageMs: number): Promise<void> {
  await orm.delete(avatars).where(and(isNull(avatars.completedAt), lte(avatars.createdAt, after(-ageMs))))
}
