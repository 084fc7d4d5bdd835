/** Sessions: opened by a login, kept alive by refresh tokens that rotate, revoked on every replica. */
import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/sessions.ts'
import { lockUnlessSuspended } from '../../store/users.ts'
import { ChatError, type ChatErrorOptions } from '../errors.ts'
import { publishInvalidation } from '../invalidations.ts'
import { createToken, hashToken } from './secrets.ts'

/** How long a revocation is remembered: longer than any look-up that may have been under way takes. */
const REVOKED_MEMORY_MS = 30_000
/** Access tokens of a rotation that lost its answer must not be orphaned by a clean-up that is too eager. */
const RETENTION_MS = 86_400_000

/** A living session with its owner. */
export type Session = store.LiveSession

/** What a login or a refresh hands out. */
export type IssuedTokens = { session: Session, refreshToken: string }

/** A living session as its owner sees it among others. */
export type SessionSummary = store.SessionSummary

/** What the sessions need from around them. Times are in milliseconds. */
export type SessionsDeps = { orm: Orm, bus: Bus, refreshTtlMs: number, reuseGraceMs: number, clock: () => Date }

/** The sessions of this server. */
export class Sessions {
  readonly #deps: SessionsDeps
  /** Ids that were revoked while a look-up of them may have been under way, with the time until which that counts. */
  readonly #revoked = new Map<string, number>()
  #onRevoked: (sessionIds: readonly string[]) => void = () => undefined

  constructor (deps: SessionsDeps) {
    this.#deps = deps
  }

  /**
   * Opens a session for a user who has proved to be them.
   * @throws {ChatError} `suspended`, also when that happens at the same moment
   */
  async open (user: { userId: number, username: string }): Promise<IssuedTokens> {
    const session = { ...user, sessionId: randomUUID(), expiresAt: this.#expiry() }
    const refreshToken = createToken('cfr_')
    await this.#deps.orm.transaction(async (tx) => {
      if (!(await lockUnlessSuspended(tx, session.userId)))
        throw new ChatError('suspended', undefined, { userId: session.userId })
      await store.insertSession(tx, { id: session.sessionId, userId: session.userId, expiresAt: session.expiresAt })
      await store.insertRefreshToken(tx, hashToken(refreshToken), session.sessionId)
    })
    return { session, refreshToken }
  }

  /**
   * Exchanges a refresh token for a new one. Of several exchanges at once exactly one wins. A spent token that comes
   * back within the grace (two tabs, a lost answer) is refused and no more; later it betrays theft and the session is
   * revoked.
   * @throws {ChatError} `invalid_refresh_token`
   */
  async refresh (refreshToken: string): Promise<IssuedTokens> {
    const { orm, clock } = this.#deps
    const tokenHash = hashToken(refreshToken)
    const next = createToken('cfr_')
    const session = await orm.transaction(async (tx) => {
      const sessionId = await store.spendRefreshToken(tx, tokenHash, clock())
      const live = sessionId === undefined ? undefined : await store.findLiveSessionIn(tx, sessionId, clock())
      if (live === undefined) return undefined
      const expiresAt = this.#expiry()
      await store.extendSession(tx, live.sessionId, expiresAt)
      await store.insertRefreshToken(tx, hashToken(next), live.sessionId)
      return { ...live, expiresAt }
    })
    if (session === undefined) {
      throw new ChatError('invalid_refresh_token', undefined, await this.#handleReuse(tokenHash))
    }
    return { session, refreshToken: next }
  }

  /** @returns what the log should know */
  async #handleReuse (tokenHash: string): Promise<ChatErrorOptions> {
    const token = await store.findRefreshToken(this.#deps.orm, tokenHash)
    if (token === undefined) return {}
    const { userId, spentAt, sessionId } = token
    if (spentAt === null) return { userId }
    const age = this.#deps.clock().getTime() - spentAt.getTime()
    if (age <= this.#deps.reuseGraceMs) return { userId, detail: 'reused within the grace' }
    await this.logOut(userId, sessionId)
    return { userId, detail: 'reused: the session is revoked' }
  }

  /**
   * The session of that id. The store is asked each time, on every replica alike: a cache would have to be told of each
   * revocation, and what tells it may be down at that moment. It is one look-up by primary key, and none per frame.
   * @throws {ChatError} `unauthenticated` when it is revoked, over or unknown
   */
  async authenticate (sessionId: string): Promise<Session> {
    const session = await store.findLiveSession(this.#deps.orm, sessionId, this.#deps.clock())
    if (session === undefined || this.#revoked.has(sessionId)) throw new ChatError('unauthenticated')
    return session
  }

  /** The living sessions of a user, the newest first. */
  list (userId: number): Promise<SessionSummary[]> {
    return store.listSessionsOfUser(this.#deps.orm, userId, this.#deps.clock())
  }

  /**
   * Ends a session of a user everywhere: the one that asks, or another of theirs.
   * @returns whether it was theirs and alive
   */
  async logOut (userId: number, sessionId: string): Promise<boolean> {
    const { orm, clock } = this.#deps
    const isRevoked = await store.revokeSessionOfUser(orm, userId, sessionId, clock())
    if (isRevoked) this.#announce([sessionId])
    return isRevoked
  }

  /**
   * Revokes every session of a user everywhere.
   * @param work done in the same transaction, before it; when it throws nothing is revoked
   * @returns how many were alive
   */
  async revokeAll (userId: number, work?: (tx: Orm) => Promise<void>): Promise<number> {
    const sessionIds = await this.#deps.orm.transaction(async (tx) => {
      await work?.(tx)
      return store.revokeSessionsOfUser(tx, userId, this.#deps.clock())
    })
    this.#announce(sessionIds)
    return sessionIds.length
  }

  /** Has `listener` told which sessions were revoked, here or on another replica. A session may come twice. */
  onRevoked (listener: (sessionIds: readonly string[]) => void): void {
    this.#onRevoked = listener
  }

  /** Takes note of sessions that were revoked, here or on another replica. */
  noteRevoked (sessionIds: readonly string[]): void {
    const now = Date.now()
    for (const [id, until] of this.#revoked) {
      if (until > now) break
      this.#revoked.delete(id)
    }
    for (const id of sessionIds) this.#revoked.set(id, now + REVOKED_MEMORY_MS)
    this.#onRevoked(sessionIds)
  }

  /** Which of these sessions are no longer alive. */
  findDead (sessionIds: string[]): Promise<string[]> {
    return store.findDeadSessions(this.#deps.orm, sessionIds, this.#deps.clock())
  }

  /** Removes what ended long ago. */
  async removeEnded (): Promise<void> {
    await store.removeSessionsEndedBefore(this.#deps.orm, new Date(this.#deps.clock().getTime() - RETENTION_MS))
  }

  /** This replica takes note itself: the bus may be down. */
  #announce (sessionIds: string[]): void {
    if (sessionIds.length === 0) return
    this.noteRevoked(sessionIds)
    publishInvalidation(this.#deps.bus, { type: 'sessions_revoked', sessionIds })
  }

  #expiry (): Date {
    return new Date(this.#deps.clock().getTime() + this.#deps.refreshTtlMs)
  }
}
