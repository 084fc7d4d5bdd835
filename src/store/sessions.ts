/** Queries on sessions and their refresh tokens. */
import { and, desc, eq, gt, isNotNull, isNull, lt, ne, or, type Placeholder, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import { refreshTokens, sessions, users } from './schema.ts'
import { after, inList, msBetween, NOW } from './sql.ts'

/** How long a session still lives, and the database's clock, in milliseconds (since 1970). */
export type SessionLife = { remainingMs: number, databaseTimeMs: number }

/** A session that is neither revoked nor expired, with its owner. */
export type LiveSession = SessionLife & {
  sessionId: string
  userId: number
  username: string
  /** How long ago it was refreshed, in milliseconds; null before the first time. */
  refreshedForMs: number | null
}

/** A session that is neither revoked nor expired, in its user's list. */
export type SessionSummary = {
  sessionId: string
  createdAt: Date
  /** When it was last refreshed; its beginning before the first refresh. */
  lastUsedAt: Date
  expiresAt: Date
  /** What the client that logged in called itself, if it did. */
  userAgent: string | null
}

const LIFE = {
  remainingMs: msBetween<number>(NOW, sessions.expiresAt),
  databaseTimeMs: sql<number>`(extract(epoch from now()) * 1000)::float8`
}

/** A session that begins. */
export type NewSession = { id: string, userId: number, ttlMs: number, userAgent?: string | undefined }

/** Adds a session that lives so long. */
export async function insertSession (orm: Orm, { id, userId, ttlMs, userAgent }: NewSession): Promise<SessionLife> {
  const [life] = await orm.insert(sessions).values({ id, userId, expiresAt: after(ttlMs), userAgent }).returning(LIFE)
  if (life === undefined) throw new Error('The session was not stored.')
  return life
}

const statements = oncePerDatabase((orm) => ({
  live: selectLive(orm, sql.placeholder('sessionId')).prepare('live_session')
}))

function selectLive (orm: Orm, sessionId: string | Placeholder) {
  return orm
    .select({
      sessionId: sessions.id,
      userId: users.id,
      username: users.username,
      refreshedForMs: msBetween<number | null>(sessions.refreshedAt, NOW),
      ...LIFE
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), gt(sessions.expiresAt, NOW)))
}

/** Returns the session, unless it is revoked or expired. */
export async function findLiveSession (orm: Orm, sessionId: string): Promise<LiveSession | undefined> {
  const [row] = await statements(orm).live.execute({ sessionId })
  return row
}

/** The same inside a transaction. */
export async function findLiveSessionIn (tx: Orm, sessionId: string): Promise<LiveSession | undefined> {
  const [row] = await selectLive(tx, sessionId)
  return row
}

/** Those of some sessions that are neither revoked nor expired. */
export function selectLiveAmong (orm: Orm, sessionIds: string[]) {
  return orm
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        inList(sessions.id, `{${sessionIds.join()}}`, 'uuid'),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, NOW)
      )
    )
}

/** Returns those of the sessions that are revoked, expired or deleted. */
export async function findDeadSessions (orm: Orm, sessionIds: string[]): Promise<string[]> {
  const rows = await selectLiveAmong(orm, sessionIds)
  const live = new Set(rows.map((row) => row.id))
  return sessionIds.filter((id) => !live.has(id))
}

/** Returns the sessions of an account that are neither revoked nor expired, newest first. */
export async function listSessionsOfUser (orm: Orm, userId: number): Promise<SessionSummary[]> {
  return orm
    .select({
      sessionId: sessions.id,
      createdAt: sessions.createdAt,
      lastUsedAt: sql<Date>`coalesce(${sessions.refreshedAt}, ${sessions.createdAt})`.mapWith(sessions.createdAt),
      expiresAt: sessions.expiresAt,
      userAgent: sessions.userAgent
    })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt), gt(sessions.expiresAt, NOW)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
}

/** Lifetimes of a session, in milliseconds. */
export type SessionLimits = {
  /** From now, if it is not refreshed. */
  ttlMs: number
  /** From its beginning, in any case. */
  maxAgeMs: number
}

/** Notes that a session is refreshed, and has it end as its limits say. */
export async function extendSession (
  orm: Orm,
  sessionId: string,
  { ttlMs, maxAgeMs }: SessionLimits
): Promise<SessionLife> {
  const end = sql`least(${after(ttlMs)}, ${sessions.createdAt} + ${maxAgeMs}::float8 * interval '1 millisecond')`
  const [life] = await orm.update(sessions).set({ expiresAt: end, refreshedAt: NOW })
    .where(eq(sessions.id, sessionId)).returning(LIFE)
  if (life === undefined) throw new Error('The session was deleted.')
  return life
}

/** Revokes one session of an account. @returns whether it was live and belonged to this account */
export async function revokeSessionOfUser (orm: Orm, userId: number, sessionId: string): Promise<boolean> {
  const rows = await orm
    .update(sessions)
    .set({ revokedAt: NOW })
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id })
  return rows.length > 0
}

/** Revokes every session of an account, but one if it is named. @returns the ids of those that were live */
export async function revokeSessionsOfUser (orm: Orm, userId: number, exceptId?: string): Promise<string[]> {
  const rows = await orm
    .update(sessions)
    .set({ revokedAt: NOW })
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.revokedAt),
        exceptId === undefined ? undefined : ne(sessions.id, exceptId)
      )
    )
    .returning({ id: sessions.id })
  return rows.map((row) => row.id)
}

/** Adds a refresh token. */
export async function insertRefreshToken (orm: Orm, tokenHash: string, sessionId: string): Promise<void> {
  await orm.insert(refreshTokens).values({ tokenHash, sessionId })
}

/** Spends a refresh token. @returns its session to one of several concurrent callers, undefined to the others */
export async function spendRefreshToken (orm: Orm, tokenHash: string): Promise<string | undefined> {
  const [row] = await orm
    .update(refreshTokens)
    .set({ spentAt: NOW })
    .where(and(eq(refreshTokens.tokenHash, tokenHash), isNull(refreshTokens.spentAt)))
    .returning({ sessionId: refreshTokens.sessionId })
  return row?.sessionId
}

/** A refresh token, with its session and account. */
export type RefreshTokenUse = {
  sessionId: string
  userId: number
  /** How long ago it was spent, in milliseconds; null while it is not. */
  spentForMs: number | null
}

/** Returns how long ago a refresh token was spent, with its session and account. */
export async function findRefreshToken (orm: Orm, tokenHash: string): Promise<RefreshTokenUse | undefined> {
  const [row] = await orm
    .select({
      sessionId: refreshTokens.sessionId,
      userId: sessions.userId,
      spentForMs: msBetween<number | null>(refreshTokens.spentAt, NOW)
    })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .where(eq(refreshTokens.tokenHash, tokenHash))
  return row
}

/** Deletes sessions that ended longer ago, with their refresh tokens. */
export async function removeSessionsEndedFor (orm: Orm, ms: number): Promise<void> {
  const moment = after(-ms)
  await orm
    .delete(sessions)
    .where(or(lt(sessions.expiresAt, moment), and(isNotNull(sessions.revokedAt), lt(sessions.revokedAt, moment))))
}
