/** Sessions: opened by a login, kept alive by rotating refresh tokens, revoked on every replica. */
import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/sessions.ts'
import { revokeSessionsBegunUntil } from '../../store/application-users.ts'
import { type AfterCommit, atOnce, type UnitOfWork } from '../../store/unit-of-work.ts'
import { lockCredentials, lockUser } from '../../store/users.ts'
import type { Rate, RateLimiter } from '../../rate-limits/rate-limiter.ts'
import { ChatError, type ChatErrorOptions } from '../errors.ts'
import { publishInvalidation } from '../invalidations.ts'
import type { Principal } from './principal.ts'
import { createToken, hashToken } from './secrets.ts'

/** A client refreshes when it starts, and before its access token ends. */
const REFRESHES: Rate = { name: 'refresh-session', max: 10, windowMs: 60_000 }
/** A longer name of a client is cut. */
const MAX_USER_AGENT_LENGTH = 200
/** How long a revocation is remembered: longer than any lookup that may be in flight. */
const REVOKED_MEMORY_MS = 30_000
/** A clean-up must not remove sessions whose access tokens are still valid after a rotation whose answer was lost. */
const RETENTION_MS = 86_400_000

/** A live session with its owner. */
export type Session = Principal & {
  sessionId: string
  /** Of the last refresh, by the same clock; undefined before the first one. */
  refreshedAt: Date | undefined
  /** The clock of the database, by which stored times and tokens are made, less that of this process. */
  clockOffsetMs: number
}

/** A user whose password was verified, against this hash. */
export type AuthenticatedUser = {
  userId: number
  username: string
  passwordHash: string
  /** What the client calls itself; shown to its user in the list of sessions. */
  userAgent?: string | undefined
}

/** Result of a login or a refresh. */
export type IssuedTokens = { session: Session, refreshToken: string }

/** A live session as its owner sees it in a list. */
export type SessionSummary = store.SessionSummary

/** Dependencies of the sessions. Times are in milliseconds. */
export type SessionsDeps = {
  orm: Orm
  bus: Bus
  /** Lifetime of a session that is not refreshed. */
  refreshTtlMs: number
  /** Lifetime of a session in any case. */
  maxAgeMs: number
  reuseGraceMs: number
  /** Called with a user whose sessions have begun or ended. It must not throw. */
  onChanged?: (userId: number) => void
  rates: RateLimiter
}

/** What this process knows of revocations. */
type Revocations = {
  /**
   * Sessions that were revoked while a lookup of them may have been in flight, with the time until which that matters.
   */
  readonly until: Map<string, number>
  onRevoked: (sessionIds: readonly string[]) => void
}

/** The sessions of this server. */
export class Sessions {
  readonly #deps: SessionsDeps & { afterCommit: AfterCommit }
  readonly #revocations: Revocations

  constructor (
    deps: SessionsDeps & { afterCommit?: AfterCommit },
    revocations: Revocations = { until: new Map(), onRevoked: () => undefined }
  ) {
    this.#deps = { afterCommit: atOnce, ...deps }
    this.#revocations = revocations
  }

  /** The same in a unit. */
  within (unit: UnitOfWork): Sessions {
    return new Sessions({ ...this.#deps, ...unit }, this.#revocations)
  }

  /**
   * Opens a session for an authenticated user.
   * @param check what else is checked in the same transaction; when it throws there is no session
   * @returns undefined when the password has been replaced since it was verified: then it is to be verified again
   * @throws {ChatError} `suspended`, and `wrong_credentials` for a disabled account, also when either happens
   * concurrently
   */
  async open (user: AuthenticatedUser, check?: (tx: Orm) => Promise<void>): Promise<IssuedTokens | undefined> {
    const { userId, username, passwordHash } = user
    const sessionId = randomUUID()
    const refreshToken = createToken('cfr_')
    const { orm, refreshTtlMs, maxAgeMs } = this.#deps
    const userAgent = user.userAgent?.slice(0, MAX_USER_AGENT_LENGTH).toWellFormed()
    const ttlMs = Math.min(refreshTtlMs, maxAgeMs)
    const life = await orm.transaction(async (tx) => {
      const credentials = await lockCredentials(tx, userId)
      if (credentials?.passwordHash !== passwordHash) return undefined
      if (credentials.suspendedAt !== null) throw new ChatError('suspended', undefined, { userId })
      if (credentials.disabledAt !== null) throw new ChatError('wrong_credentials', undefined, { userId })
      await check?.(tx)
      const stored = await store.insertSession(tx, { id: sessionId, userId, ttlMs, userAgent })
      await store.insertRefreshToken(tx, hashToken(refreshToken), sessionId)
      return stored
    })
    if (life !== undefined) void this.#deps.afterCommit(() => this.#deps.onChanged?.(userId))
    return life && { session: toSession({ sessionId, userId, username, refreshedForMs: null, ...life }), refreshToken }
  }

  /**
   * Exchanges a refresh token for a new one. Exactly one of several concurrent exchanges succeeds. A spent token that
   * is presented again within the grace period (two tabs, a lost answer) is refused; later it indicates theft, and the
   * session is revoked.
   * @throws {ChatError} `invalid_refresh_token`; `rate_limited`, and then the token is still good
   */
  async refresh (refreshToken: string): Promise<IssuedTokens> {
    const { orm, refreshTtlMs: ttlMs, maxAgeMs } = this.#deps
    const tokenHash = hashToken(refreshToken)
    const next = createToken('cfr_')
    const session = await orm.transaction(async (tx) => {
      const sessionId = await store.spendRefreshToken(tx, tokenHash)
      const live = sessionId === undefined ? undefined : await store.findLiveSessionIn(tx, sessionId)
      if (live === undefined) return undefined
      await this.#countRefresh(live)
      const life = await store.extendSession(tx, live.sessionId, { ttlMs, maxAgeMs })
      // It is older than a limit that was lowered since it began.
      if (life.remainingMs <= 0) return undefined
      await store.insertRefreshToken(tx, hashToken(next), live.sessionId)
      return toSession({ ...live, ...life, refreshedForMs: 0 })
    })
    if (session === undefined) {
      throw new ChatError('invalid_refresh_token', undefined, await this.#handleReuse(tokenHash))
    }
    return { session, refreshToken: next }
  }

  /** Counts by session and not by network: many users may be behind one address. @throws {ChatError} `rate_limited` */
  async #countRefresh ({ sessionId, userId }: store.LiveSession): Promise<void> {
    const retryAfterMs = await this.#deps.rates.take(REFRESHES, sessionId)
    if (retryAfterMs > 0) throw new ChatError('rate_limited', undefined, { retryAfterMs, userId })
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
    if (session === undefined || this.#revocations.until.has(sessionId)) throw new ChatError('unauthenticated')
    return toSession(session)
  }

  /** Returns the live sessions of a user, newest first. */
  list (userId: number): Promise<SessionSummary[]> {
    return store.listSessionsOfUser(this.#deps.orm, userId)
  }

  /**
   * Ends a session of a user on every replica: the one that makes the request, or another of the same user.
   * @param work done in the same transaction, if there was one
   * @returns whether it belonged to the user and was live
   */
  async logOut (userId: number, sessionId: string, work?: (tx: Orm) => Promise<void>): Promise<boolean> {
    const isRevoked = await this.#deps.orm.transaction(async (tx) => {
      const isLive = await store.revokeSessionOfUser(tx, userId, sessionId)
      if (isLive) await work?.(tx)
      return isLive
    })
    if (isRevoked) this.#announce([sessionId], userId)
    return isRevoked
  }

  /**
   * Revokes every session of a user on every replica.
   * @param work done in the same transaction, before it; when it throws nothing is revoked
   * @param exceptId a session that stays
   * @returns number of live sessions ended
   */
  async revokeAll (userId: number, work?: (tx: Orm) => Promise<void>, exceptId?: string): Promise<number> {
    const sessionIds = await this.#deps.orm.transaction(async (tx) => {
      await lockUser(tx, userId)
      await work?.(tx)
      return store.revokeSessionsOfUser(tx, userId, exceptId)
    })
    this.#announce(sessionIds, userId)
    return sessionIds.length
  }

  /**
   * Revokes the sessions of an account that began until a moment, by default now, on every replica.
   * @param work done in the same transaction
   * @returns whether there is such an account
   */
  async revokeBegunUntil (
    userId: number, until: Date | undefined, work: (tx: Orm) => Promise<void>
  ): Promise<boolean> {
    const sessionIds = await this.#deps.orm.transaction(async (tx) => {
      if ((await lockUser(tx, userId))?.activatedAt == null) return undefined
      await work(tx)
      return revokeSessionsBegunUntil(tx, userId, until)
    })
    this.#announce(sessionIds ?? [], userId)
    return sessionIds !== undefined
  }

  /**
   * Calls `listener` with the sessions that were revoked, here or on another replica. A session may be reported twice.
   */
  onRevoked (listener: (sessionIds: readonly string[]) => void): void {
    this.#revocations.onRevoked = listener
  }

  /** Handles sessions that were revoked, here or on another replica. */
  noteRevoked (sessionIds: readonly string[]): void {
    const now = Date.now()
    const { until: revoked, onRevoked } = this.#revocations
    for (const [id, until] of revoked) {
      if (until > now) break
      revoked.delete(id)
    }
    for (const id of sessionIds) revoked.set(id, now + REVOKED_MEMORY_MS)
    onRevoked(sessionIds)
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
  #announce (sessionIds: string[], userId: number): void {
    if (sessionIds.length === 0) return
    void this.#deps.afterCommit(() => {
      this.noteRevoked(sessionIds)
      publishInvalidation(this.#deps.bus, { type: 'sessions_revoked', sessionIds })
      this.#deps.onChanged?.(userId)
    })
  }
}

/** Brings the end of a session to the clock of this process. */
function toSession (live: store.LiveSession): Session {
  const { sessionId, userId, username, remainingMs, refreshedForMs, databaseTimeMs } = live
  const now = Date.now()
  const expiresAt = new Date(now + remainingMs)
  const refreshedAt = refreshedForMs === null ? undefined : new Date(now - refreshedForMs)
  const clockOffsetMs = databaseTimeMs - now
  return { sessionId, credentialId: sessionId, userId, username, expiresAt, refreshedAt, clockOffsetMs }
}
