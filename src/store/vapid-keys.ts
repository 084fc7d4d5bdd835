/** Queries on the key pair for Web Push. */
import { and, eq } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { vapidKeys } from './schema.ts'

/** A key pair; the private half is encrypted. */
export type VapidRow = Pick<typeof vapidKeys.$inferSelect, 'publicKey' | 'privateKey'>

const COLUMNS = { publicKey: vapidKeys.publicKey, privateKey: vapidKeys.privateKey }

/** The key pair of this installation, if there is one. */
export async function findVapidKeys (orm: Orm): Promise<VapidRow | undefined> {
  const [row] = await orm.select(COLUMNS).from(vapidKeys)
  return row
}

/** Stores a key pair, unless there is one by now. @returns the one that there is */
export async function provideVapidKeys (orm: Orm, keys: VapidRow): Promise<VapidRow> {
  await orm.insert(vapidKeys).values(keys).onConflictDoNothing()
  return await findVapidKeys(orm) ?? keys
}

/** Replaces the encrypted half, unless the pair was replaced meanwhile. */
export async function resealVapidKeys (orm: Orm, { publicKey, privateKey }: VapidRow): Promise<void> {
  await orm.update(vapidKeys).set({ privateKey }).where(and(eq(vapidKeys.id, 1), eq(vapidKeys.publicKey, publicKey)))
}
