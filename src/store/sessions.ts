/** Queries on sessions and their refresh tokens. */
import { and, desc, eq, gt, isNotNull, isNull, lt, or, type Placeholder, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { inList } from './sql.ts'
import { oncePerDatabase } from './prepared.ts'
import { refreshTokens, sessions, users } from './schema.ts'

/** A session that is neither revoked nor expired, with its owner. */
export type LiveSession = { sessionId: string, userId: number, username: string, expiresAt: Date }

/** A session that is neither revoked nor expired, in its user's list. */
export type SessionSummary = { sessionId: string, createdAt: Date, expiresAt: Date }

/** Adds a session. */
export async function insertSession (
  orm: Orm,
  session: { id: string, userId: number, expiresAt: Date }
): Promise<void> {
  await orm.insert(sessions).values(session)
}

const statements = oncePerDatabase((orm) => ({
  live: selectLive(orm, sql.placeholder('sessionId'), sql.placeholder('now')).prepare('live_session')
}))

function selectLive (orm: Orm, sessionId: string | Placeholder, now: Date | Placeholder) {
  return orm
    .select({ sessionId: sessions.id, userId: users.id, username: users.username, expiresAt: sessions.expiresAt })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), gt(sessions.expiresAt, now)))
}

/** Returns the session, unless it is revoked or expired. */
export async function findLiveSession (orm: Orm, sessionId: string, now: Date): Promise<LiveSession | undefined> {
  const [row] = await statements(orm).live.execute({ sessionId, now: now.toISOString() })
  return row
}

/** The same inside a transaction. */
export async function findLiveSessionIn (tx: Orm, sessionId: string, now: Date): Promise<LiveSession | undefined> {
  const [row] = await selectLive(tx, sessionId, now)
  return row
}

/** Those of these sessions that are neither revoked nor expired. */
export function selectLiveAmong (orm: Orm, sessionIds: string[], now: Date) {
  return orm
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        inList(sessions.id, `{${sessionIds.join()}}`, 'uuid'),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, now)
      )
    )
}

/** Those of these sessions that are revoked, expired or deleted. */
export async function findDeadSessions (orm: Orm, sessionIds: string[], now: Date): Promise<string[]> {
  const rows = await selectLiveAmong(orm, sessionIds, now)
  const live = new Set(rows.map((row) => row.id))
  return sessionIds.filter((id) => !live.has(id))
}

/** The sessions of an account that are neither revoked nor expired, newest first. */
export async function listSessionsOfUser (orm: Orm, userId: number, now: Date): Promise<SessionSummary[]> {
  return orm
    .select({ sessionId: sessions.id, createdAt: sessions.createdAt, expiresAt: sessions.expiresAt })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt), gt(sessions.expiresAt, now)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
}

/** Sets the expiry of a session. */
export async function extendSession (orm: Orm, sessionId: string, expiresAt: Date): Promise<void> {
  await orm.update(sessions).set({ expiresAt }).where(eq(sessions.id, sessionId))
}

/** Revokes one session of an account. @returns whether it was live and belonged to this account */
export async function revokeSessionOfUser (orm: Orm, userId: number, sessionId: string, now: Date): Promise<boolean> {
  const rows = await orm
    .update(sessions)
    .set({ revokedAt: now })
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id })
  return rows.length > 0
}

/** Revokes every session of an account. @returns the ids of those that were live */
export async function revokeSessionsOfUser (orm: Orm, userId: number, now: Date): Promise<string[]> {
  const rows = await orm
    .update(sessions)
    .set({ revokedAt: now })
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id })
  return rows.map((row) => row.id)
}

/** Adds a refresh token. */
export async function insertRefreshToken (orm: Orm, tokenHash: string, sessionId: string): Promise<void> {
  await orm.insert(refreshTokens).values({ tokenHash, sessionId })
}

/**
 * Spends a refresh token. @returns its session for exactly one of several concurrent calls, undefined for the others
 */
export async function spendRefreshToken (orm: Orm, tokenHash: string, now: Date): Promise<string | undefined> {
  const [row] = await orm
    .update(refreshTokens)
    .set({ spentAt: now })
    .where(and(eq(refreshTokens.tokenHash, tokenHash), isNull(refreshTokens.spentAt)))
    .returning({ sessionId: refreshTokens.sessionId })
  return row?.sessionId
}

/** Returns when a refresh token was spent, and its session and account. */
export async function findRefreshToken (
  orm: Orm,
  tokenHash: string
): Promise<{ sessionId: string, userId: number, spentAt: Date | null } | undefined> {
  const [row] = await orm
    .select({ sessionId: refreshTokens.sessionId, userId: sessions.userId, spentAt: refreshTokens.spentAt })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .where(eq(refreshTokens.tokenHash, tokenHash))
  return row
}

/** Deletes sessions that ended before `moment`, with their refresh tokens. */
export async function removeSessionsEndedBefore (orm: Orm, moment: Date): Promise<void> {
  await orm
    .delete(sessions)
    .where(or(lt(sessions.expiresAt, moment), and(isNotNull(sessions.revokedAt), lt(sessions.revokedAt, moment))))
}
