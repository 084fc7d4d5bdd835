/** Sessions: opened by a login, kept alive by rotating refresh tokens, revoked on every replica. */
import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/sessions.ts'
import { lockCredentials } from '../../store/users.ts'
import { ChatError, type ChatErrorOptions } from '../errors.ts'
import { publishInvalidation } from '../invalidations.ts'
import { createToken, hashToken } from './secrets.ts'

/** How long a revocation is remembered: longer than any lookup that may be in flight. */
const REVOKED_MEMORY_MS = 30_000
/** A clean-up must not remove sessions whose access tokens are still valid after a rotation whose answer was lost. */
const RETENTION_MS = 86_400_000

/** A live session with its owner. */
export type Session = {
  sessionId: string
  userId: number
  username: string
  /** By the clock of this process. */
  expiresAt: Date
  /** The clock of the database, by which stored times and tokens are made, less that of this process. */
  clockOffsetMs: number
}

/** A user whose password was verified, against this hash. */
export type AuthenticatedUser = { userId: number, username: string, passwordHash: string }

/** Result of a login or a refresh. */
export type IssuedTokens = { session: Session, refreshToken: string }

/** A live session as its owner sees it in a list. */
export type SessionSummary = store.SessionSummary

/** Dependencies of the sessions. Times are in milliseconds. */
export type SessionsDeps = { orm: Orm, bus: Bus, refreshTtlMs: number, reuseGraceMs: number }

/** The sessions of this server. */
export class Sessions {
  readonly #deps: SessionsDeps
  /**
   * Sessions that were revoked while a lookup of them may have been in flight, with the time until which that matters.
   */
  readonly #revoked = new Map<string, number>()
  #onRevoked: (sessionIds: readonly string[]) => void = () => undefined

  constructor (deps: SessionsDeps) {
    this.#deps = deps
  }

  /**
   * Opens a session for an authenticated user.
   * @returns undefined when the password has been replaced since it was verified: then it is to be verified again
   * @throws {ChatError} `suspended`, also when that happens concurrently
   */
  async open ({ userId, username, passwordHash }: AuthenticatedUser): Promise<IssuedTokens | undefined> {
    const sessionId = randomUUID()
    const refreshToken = createToken('cfr_')
    const { orm, refreshTtlMs } = this.#deps
    const life = await orm.transaction(async (tx) => {
      const credentials = await lockCredentials(tx, userId)
      if (credentials?.passwordHash !== passwordHash) return undefined
      if (credentials.suspendedAt !== null) throw new ChatError('suspended', undefined, { userId })
      const stored = await store.insertSession(tx, { id: sessionId, userId, ttlMs: refreshTtlMs })
      await store.insertRefreshToken(tx, hashToken(refreshToken), sessionId)
      return stored
    })
    return life && { session: toSession({ sessionId, userId, username, ...life }), refreshToken }
  }

  /**
   * Exchanges a refresh token for a new one. Exactly one of several concurrent exchanges succeeds. A spent token that
   * is presented again within the grace period (two tabs, a lost answer) is refused; later it indicates theft, and the
   * session is revoked.
   * @throws {ChatError} `invalid_refresh_token`
   */
  async refresh (refreshToken: string): Promise<IssuedTokens> {
    const { orm, refreshTtlMs } = this.#deps
    const tokenHash = hashToken(refreshToken)
    const next = createToken('cfr_')
    const session = await orm.transaction(async (tx) => {
      const sessionId = await store.spendRefreshToken(tx, tokenHash)
      const live = sessionId === undefined ? undefined : await store.findLiveSessionIn(tx, sessionId)
      if (live === undefined) return undefined
      const life = await store.extendSession(tx, live.sessionId, refreshTtlMs)
      await store.insertRefreshToken(tx, hashToken(next), live.sessionId)
      return toSession({ ...live, ...life })
    })
    if (session === undefined) {
      throw new ChatError('invalid_refresh_token', undefined, await this.#handleReuse(tokenHash))
    }
    return { session, refreshToken: next }
  }

  /** @returns details for the log */
  async #handleReuse (tokenHash: string): Promise<ChatErrorOptions> {
    const token = await store.findRefreshToken(this.#deps.orm, tokenHash)
    if (token === undefined) return {}
    const { userId, spentForMs, sessionId } = token
    if (spentForMs === null) return { userId }
    if (spentForMs <= this.#deps.reuseGraceMs) return { userId, detail: 'reused within the grace' }
    await this.logOut(userId, sessionId)
    return { userId, detail: 'reused: the session is revoked' }
  }

  /**
   * Returns the session with this id. The store is asked each time, on every replica: a cache would have to be
   * invalidated at each revocation, and the bus that carries invalidations may be down at that moment. It is one lookup
   * by primary key per request, and none per frame.
   * @throws {ChatError} `unauthenticated` when it is revoked, expired or unknown
   */
  async authenticate (sessionId: string): Promise<Session> {
    const session = await store.findLiveSession(this.#deps.orm, sessionId)
    if (session === undefined || this.#revoked.has(sessionId)) throw new ChatError('unauthenticated')
    return toSession(session)
  }

  /** Returns the live sessions of a user, newest first. */
  list (userId: number): Promise<SessionSummary[]> {
    return store.listSessionsOfUser(this.#deps.orm, userId)
  }

  /**
   * Ends a session of a user on every replica: the one that makes the request, or another of the same user.
   * @returns whether it belonged to the user and was live
   */
  async logOut (userId: number, sessionId: string): Promise<boolean> {
    const isRevoked = await store.revokeSessionOfUser(this.#deps.orm, userId, sessionId)
    if (isRevoked) this.#announce([sessionId])
    return isRevoked
  }

  /**
   * Revokes every session of a user on every replica.
   * @param work done in the same transaction, before it; when it throws nothing is revoked
   * @returns number of live sessions ended
   */
  async revokeAll (userId: number, work?: (tx: Orm) => Promise<void>): Promise<number> {
    const sessionIds = await this.#deps.orm.transaction(async (tx) => {
      await work?.(tx)
      return store.revokeSessionsOfUser(tx, userId)
    })
    this.#announce(sessionIds)
    return sessionIds.length
  }

  /**
   * Calls `listener` with the sessions that were revoked, here or on another replica. A session may be reported twice.
   */
  onRevoked (listener: (sessionIds: readonly string[]) => void): void {
    this.#onRevoked = listener
  }

  /** Handles sessions that were revoked, here or on another replica. */
  noteRevoked (sessionIds: readonly string[]): void {
    const now = Date.now()
    for (const [id, until] of this.#revoked) {
      if (until > now) break
      this.#revoked.delete(id)
    }
    for (const id of sessionIds) this.#revoked.set(id, now + REVOKED_MEMORY_MS)
    this.#onRevoked(sessionIds)
  }

  /** Returns which of these sessions are no longer live. */
  findDead (sessionIds: string[]): Promise<string[]> {
    return store.findDeadSessions(this.#deps.orm, sessionIds)
  }

  /** Deletes sessions that ended long ago. */
  async removeEnded (): Promise<void> {
    await store.removeSessionsEndedFor(this.#deps.orm, RETENTION_MS)
  }

  /** This replica handles the revocation itself: the bus may be down. */
  #announce (sessionIds: string[]): void {
    if (sessionIds.length === 0) return
    this.noteRevoked(sessionIds)
    publishInvalidation(this.#deps.bus, { type: 'sessions_revoked', sessionIds })
  }
}

/** Brings the end of a session to the clock of this process. */
function toSession ({ sessionId, userId, username, remainingMs, databaseTimeMs }: store.LiveSession): Session {
  const now = Date.now()
  const expiresAt = new Date(now + remainingMs)
  return { sessionId, userId, username, expiresAt, clockOffsetMs: databaseTimeMs - now }
}
