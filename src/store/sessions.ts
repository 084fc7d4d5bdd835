/** Queries on sessions and their refresh tokens. */
import { and, desc, eq, gt, isNotNull, isNull, lt, or, type Placeholder, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { inList } from './sql.ts'
import { oncePerDatabase } from './prepared.ts'
import { refreshTokens, sessions, users } from './schema.ts'

/** A session that is neither revoked nor over, with its owner. */
export type LiveSession = { sessionId: string, userId: number, username: string, expiresAt: Date }

/** A session that is neither revoked nor over, among others of its user. */
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

/** The session, unless it is revoked or over. */
export async function findLiveSession (orm: Orm, sessionId: string, now: Date): Promise<LiveSession | undefined> {
  const [row] = await statements(orm).live.execute({ sessionId, now: now.toISOString() })
  return row
}

/** The same inside a transaction. */
export async function findLiveSessionIn (tx: Orm, sessionId: string, now: Date): Promise<LiveSession | undefined> {
  const [row] = await selectLive(tx, sessionId, now)
  return row
}

/** Those of some sessions that are neither revoked nor over. */
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

/** Which of these sessions are revoked, over or gone. */
export async function findDeadSessions (orm: Orm, sessionIds: string[], now: Date): Promise<string[]> {
  const rows = await selectLiveAmong(orm, sessionIds, now)
  const live = new Set(rows.map((row) => row.id))
  return sessionIds.filter((id) => !live.has(id))
}

/** The sessions of an account that are neither revoked nor over, the newest first. */
export async function listSessionsOfUser (orm: Orm, userId: number, now: Date): Promise<SessionSummary[]> {
  return orm
    .select({ sessionId: sessions.id, createdAt: sessions.createdAt, expiresAt: sessions.expiresAt })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt), gt(sessions.expiresAt, now)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
}

/** Moves the end of a session. */
export async function extendSession (orm: Orm, sessionId: string, expiresAt: Date): Promise<void> {
  await orm.update(sessions).set({ expiresAt }).where(eq(sessions.id, sessionId))
}

/** Revokes one session of an account. @returns whether it was alive and of this account */
export async function revokeSessionOfUser (orm: Orm, userId: number, sessionId: string, now: Date): Promise<boolean> {
  const rows = await orm
    .update(sessions)
    .set({ revokedAt: now })
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id })
  return rows.length > 0
}

/** Revokes every session of an account. @returns the ids of those that were alive */
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

/** Spends a refresh token. @returns its session, once: of several at once only one gets it, the others undefined */
export async function spendRefreshToken (orm: Orm, tokenHash: string, now: Date): Promise<string | undefined> {
  const [row] = await orm
    .update(refreshTokens)
    .set({ spentAt: now })
    .where(and(eq(refreshTokens.tokenHash, tokenHash), isNull(refreshTokens.spentAt)))
    .returning({ sessionId: refreshTokens.sessionId })
  return row?.sessionId
}

/** When a refresh token was spent, and of which session and account it is. */
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

/** Removes sessions that ended before a moment, their refresh tokens with them. */
export async function removeSessionsEndedBefore (orm: Orm, moment: Date): Promise<void> {
  await orm
    .delete(sessions)
    .where(or(lt(sessions.expiresAt, moment), and(isNotNull(sessions.revokedAt), lt(sessions.revokedAt, moment))))
}
