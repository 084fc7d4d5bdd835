/** Queries on what users let others know of them: all of it, but of those who have a row in its table. */
import { eq } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { hiddenPresence, hiddenReceipts } from './schema.ts'

const TABLES = { presence: hiddenPresence, receipts: hiddenReceipts }

/** Whether a user is online, or how far a user has read. */
export type Shareable = keyof typeof TABLES

/** Sets whether others may know it of a user. */
export async function share (orm: Orm, what: Shareable, userId: number, isShared: boolean): Promise<void> {
  const table = TABLES[what]
  if (isShared) await orm.delete(table).where(eq(table.userId, userId))
  else await orm.insert(table).values({ userId }).onConflictDoNothing()
}

/** Whether others may know it of a user. */
export async function isShared (orm: Orm, what: Shareable, userId: number): Promise<boolean> {
  const table = TABLES[what]
  return (await orm.select().from(table).where(eq(table.userId, userId))).length === 0
}
