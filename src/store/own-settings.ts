/** Queries on what members set for themselves. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Orm } from './database.ts'
import { participants } from './schema.ts'

/** See `domain/chats/own-settings.ts`. */
export type OwnSettings = {
  muted?: boolean
  pinned?: boolean
  archived?: boolean
  notifications?: 'all' | 'mentions' | 'none'
}

/** Changes the settings of a membership. @returns whether the user is a member */
export async function updateOwnSettings (
  orm: Orm,
  chatId: number,
  userId: number,
  { muted, pinned, archived, notifications }: OwnSettings
): Promise<boolean> {
  const rows = await orm
    .update(participants)
    .set({
      ...since('mutedAt', participants.mutedAt, muted),
      ...since('pinnedAt', participants.pinnedAt, pinned),
      ...since('archivedAt', participants.archivedAt, archived),
      ...(notifications !== undefined && { notifications: notifications === 'all' ? null : notifications }),
      // An update of nothing is none.
      userId
    })
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
    .returning({ userId: participants.userId })
  return rows.length > 0
}

/** A time since when something holds, which stays when it is set again. */
function since<Name extends string> (
  name: Name,
  column: PgColumn,
  holds: boolean | undefined
): Partial<Record<Name, SQL | null>> {
  if (holds === undefined) return {}
  const values: Partial<Record<Name, SQL | null>> = {}
  values[name] = holds ? sql`coalesce(${column}, now())` : null
  return values
}
