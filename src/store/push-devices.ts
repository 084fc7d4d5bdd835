/** Queries on devices that are sent pushes. */
import { and, asc, eq, getTableColumns, lt, ne, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { pushDevices } from './schema.ts'
import { after, NOW } from './sql.ts'

export type { StoredAddress } from './schema.ts'

/** A row of `push_devices`. */
export type DeviceRow = typeof pushDevices.$inferSelect

/** A device to store. */
export type NewDevice =
  Pick<DeviceRow, 'userId' | 'deviceId' | 'kind' | 'service' | 'address' | 'addressHash' | 'name' | 'sessionId'> &
  /** When the token of the application was issued that registers it; by default now. */
  { issuedAt: Date | undefined }

/** The devices of a user, the oldest first. */
export async function listDevices (orm: Orm, userId: number): Promise<DeviceRow[]> {
  return orm.select().from(pushDevices).where(eq(pushDevices.userId, userId)).orderBy(asc(pushDevices.id))
}

/** The device of a user with this id. */
export async function findDevice (orm: Orm, userId: number, deviceId: string): Promise<DeviceRow | undefined> {
  const [row] = await orm.select().from(pushDevices)
    .where(and(eq(pushDevices.userId, userId), eq(pushDevices.deviceId, deviceId)))
  return row
}

/**
 * Adds a device, or replaces what is known of it. Another device with its address is removed: a browser has one,
 * whoever has logged in there.
 * @returns whether it is new; undefined when the user has as many as there may be
 */
export async function putDevice (
  orm: Orm, { issuedAt, ...device }: NewDevice, limit: number
): Promise<{ row: DeviceRow, isNew: boolean } | undefined> {
  const { userId, deviceId, addressHash } = device
  return orm.transaction(async (tx) => {
    // Of several at once that come with one address, and of several of one user, each sees the one before.
    for (const name of [`push address ${addressHash}`, `push devices ${String(userId)}`])
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
    const others = and(eq(pushDevices.userId, userId), ne(pushDevices.deviceId, deviceId))
    await tx.delete(pushDevices).where(and(
      eq(pushDevices.addressHash, addressHash),
      or(ne(pushDevices.userId, userId), ne(pushDevices.deviceId, deviceId))
    ))
    if (await tx.$count(pushDevices, others) >= limit) return undefined
    const { kind, service, address, name, sessionId } = device
    const values = {
      kind, service, address, addressHash, name, sessionId, issuedAt: issuedAt ?? NOW, updatedAt: NOW,
      failingSince: null
    }
    const [changed] = await tx.update(pushDevices).set(values)
      .where(and(eq(pushDevices.userId, userId), eq(pushDevices.deviceId, deviceId))).returning()
    if (changed !== undefined) return { row: changed, isNew: false }
    const [row] = await tx.insert(pushDevices).values({ userId, deviceId, ...values }).returning()
    return row && { row, isNew: true }
  })
}

/** @returns whether there was such a device */
export async function deleteDevice (orm: Orm, userId: number, deviceId: string): Promise<boolean> {
  const rows = await orm.delete(pushDevices)
    .where(and(eq(pushDevices.userId, userId), eq(pushDevices.deviceId, deviceId))).returning({ id: pushDevices.id })
  return rows.length > 0
}

/** Removes a device that its push service does not know any more, unless it has another address by now. */
export async function removeGoneDevice (orm: Orm, { id, addressHash }: DeviceKey): Promise<void> {
  await orm.delete(pushDevices).where(and(eq(pushDevices.id, id), eq(pushDevices.addressHash, addressHash)))
}

/** A device at its present address. */
export type DeviceKey = Pick<DeviceRow, 'id' | 'addressHash'>

/** Notes that nothing arrives at a device; one where that has been so for long is removed. */
export async function noteFailing (orm: Orm, { id, addressHash }: DeviceKey, patienceMs: number): Promise<void> {
  const isIt = and(eq(pushDevices.id, id), eq(pushDevices.addressHash, addressHash))
  const gone = await orm.delete(pushDevices).where(and(isIt, lt(pushDevices.failingSince, after(-patienceMs))))
    .returning({ id: pushDevices.id })
  if (gone.length > 0) return
  await orm.update(pushDevices).set({ failingSince: sql`coalesce(${pushDevices.failingSince}, now())` }).where(isIt)
}

/** Notes that something has arrived at a device again. */
export async function noteWorking (orm: Orm, id: number): Promise<void> {
  await orm.update(pushDevices).set({ failingSince: null }).where(eq(pushDevices.id, id))
}

/** The columns of a {@link DeviceRow}. */
export const DEVICE_COLUMNS = getTableColumns(pushDevices)
