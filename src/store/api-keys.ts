/** Queries on API keys. */
import { and, asc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { apiKeys } from './schema.ts'
import { after, NOW } from './sql.ts'

/** A row of `api_keys`. */
export type ApiKeyRow = typeof apiKeys.$inferSelect

/** The last use of a key is kept as exactly as this, in milliseconds: not every request writes. */
const USE_PRECISION_MS = 60_000

/** Adds a key. */
export async function insertApiKey (
  orm: Orm, key: Pick<ApiKeyRow, 'id' | 'secretHash' | 'name' | 'scopes' | 'expiresAt'>
): Promise<void> {
  await orm.insert(apiKeys).values(key)
}

/** Returns the key with this id, unless it is revoked or expired. */
export async function findLiveApiKey (orm: Orm, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await orm
    .select()
    .from(apiKeys)
    .where(and(
      eq(apiKeys.id, id), isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, NOW))
    ))
  return row
}

/** Returns the key with this id, unless it is revoked. */
export async function findApiKey (orm: Orm, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await orm.select().from(apiKeys).where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
  return row
}

/** Notes that a key is used. */
export async function noteApiKeyUse (orm: Orm, id: string): Promise<void> {
  await orm
    .update(apiKeys)
    .set({ lastUsedAt: NOW })
    .where(and(
      eq(apiKeys.id, id),
      or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, after(-USE_PRECISION_MS)))
    ))
}

/** Returns all keys that are not revoked, oldest first. */
export async function listApiKeys (orm: Orm): Promise<ApiKeyRow[]> {
  return orm.select().from(apiKeys).where(isNull(apiKeys.revokedAt)).orderBy(asc(apiKeys.createdAt), asc(apiKeys.id))
}

/** Revokes a key. @returns whether there was one */
export async function revokeApiKey (orm: Orm, id: string): Promise<boolean> {
  const rows = await orm
    .update(apiKeys)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id })
  return rows.length > 0
}
