/** Queries on requests that are known by their `Idempotency-Key`, and on their answers. */
import { and, eq, like, lte, or, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { hasState } from './postgres/failures.ts'
import { idempotencyKeys } from './schema.ts'
import { after } from './sql.ts'

/** SQLSTATE of a lock that was not free in time. */
const LOCK_NOT_AVAILABLE = '55P03'

/** A request: its caller and key, and a hash of what it asks for. */
export type KeyedRequest = { caller: string, key: string, fingerprint: string }
/** The answer to a request. */
export type KeptAnswer = { status: number, headers: Record<string, string>, body: string | null }

/**
 * Claims the key of a request until the transaction ends. Waits for another transaction that has claimed it.
 * @param waitMs how long
 * @returns whether nobody has used the key; undefined when the other transaction has not ended in time, and then this
 * one is lost
 */
export async function claimKey (tx: Orm, request: KeyedRequest, waitMs: number): Promise<boolean | undefined> {
  await tx.execute(sql`select set_config('lock_timeout', ${String(waitMs)}, true)`)
  try {
    const rows = await tx
      .insert(idempotencyKeys)
      .values(request)
      .onConflictDoNothing()
      .returning({ key: idempotencyKeys.key })
    await tx.execute(sql`set local lock_timeout to default`)
    return rows.length > 0
  } catch (error) {
    if (hasState(error, LOCK_NOT_AVAILABLE)) return undefined
    throw error
  }
}

/** The answer that was kept for a key, and the request that it is for. */
export async function findAnswer (
  orm: Orm,
  { caller, key }: Pick<KeyedRequest, 'caller' | 'key'>
): Promise<KeptAnswer & { fingerprint: string } | undefined> {
  const { fingerprint, status, headers, body } = idempotencyKeys
  const [row] = await orm
    .select({ fingerprint, status, headers, body })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key)))
  return row
}

/** Keeps the answer of a request whose key this transaction has claimed. */
export async function keepAnswer (tx: Orm, { caller, key }: KeyedRequest, answer: KeptAnswer): Promise<void> {
  await tx
    .update(idempotencyKeys)
    .set(answer)
    .where(and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key)))
}

/** Removes what was kept for longer than this. */
export async function removeAnswersKeptFor (orm: Orm, ms: number): Promise<void> {
  await orm.delete(idempotencyKeys).where(lte(idempotencyKeys.createdAt, after(-ms)))
}

/** Removes the answers that a user was given, and those that name the user. @param id the id of the user in answers */
export async function removeAnswersAbout (tx: Orm, { userId, id }: { userId: number, id: string }): Promise<void> {
  const { caller, body } = idempotencyKeys
  const user = `user:${String(userId)}`
  await tx.delete(idempotencyKeys).where(or(
    eq(caller, user), like(caller, `key:% ${user}`), sql`position(${JSON.stringify(id)} in ${body}) > 0`
  ))
}
