/**
 * The authenticated sockets of this replica: found by user and by session, kept alive by pings, closed when their
 * session ends or the replica stops.
 */
import type { Connection } from './connection.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { PING_FRAME } from './websocket-frame.ts'

/** How often sockets whose token has expired are closed, in milliseconds. */
const EXPIRY_CHECK_MS = 500
/** Sessions looked up in one query. */
const SESSION_CHUNK = 1_000
/** Waves in which sockets are closed over the drain window. */
const DRAIN_WAVES = 20

/** What the register needs from around it. */
export type ConnectionsDeps = {
  /** Which of these sessions are no longer alive. */
  findDeadSessions: (sessionIds: string[]) => Promise<string[]>
  pingIntervalMs: number
  /** How often the sessions of open sockets are looked up: the bound of a revocation that the bus lost. */
  sessionCheckIntervalMs: number
  maxSocketsPerUser: number
}

/** The register of sockets. */
export class Connections {
  readonly #deps: ConnectionsDeps
  readonly #bySession = new Map<string, Set<Connection>>()
  readonly #countByUser = new Map<number, number>()
  readonly #pingTimer: NodeJS.Timeout
  readonly #sessionTimer: NodeJS.Timeout
  readonly #expiryTimer: NodeJS.Timeout
  #size = 0
  #checking = false

  constructor (deps: ConnectionsDeps) {
    this.#deps = deps
    this.#pingTimer = setInterval(() => this.#ping(), deps.pingIntervalMs)
    this.#sessionTimer = setInterval(() => void this.checkSessions(), deps.sessionCheckIntervalMs)
    this.#expiryTimer = setInterval(() => this.#closeExpired(), EXPIRY_CHECK_MS)
  }

  /** How many sockets there are. */
  get size (): number {
    return this.#size
  }

  /** Bytes that wait to be sent, over all sockets. */
  get unsentBytes (): number {
    let sum = 0
    for (const connections of this.#bySession.values()) {
      for (const connection of connections) sum += connection.unsentBytes
    }
    return sum
  }

  /** Whether a user may open one more socket here. */
  hasRoomFor (userId: number): boolean {
    return (this.#countByUser.get(userId) ?? 0) < this.#deps.maxSocketsPerUser
  }

  add (connection: Connection): void {
    const { sessionId, userId } = connection.session
    const ofSession = this.#bySession.get(sessionId)
    if (ofSession === undefined) this.#bySession.set(sessionId, new Set([connection]))
    else ofSession.add(connection)
    this.#size++
    this.#countByUser.set(userId, (this.#countByUser.get(userId) ?? 0) + 1)
  }

  remove (connection: Connection): void {
    const { sessionId, userId } = connection.session
    const ofSession = this.#bySession.get(sessionId)
    if (ofSession?.delete(connection) !== true) return
    this.#size--
    if (ofSession.size === 0) this.#bySession.delete(sessionId)
    const count = (this.#countByUser.get(userId) ?? 1) - 1
    if (count === 0) this.#countByUser.delete(userId)
    else this.#countByUser.set(userId, count)
  }

  /** Closes the sockets of sessions that have ended. */
  endSessions (sessionIds: readonly string[]): void {
    for (const sessionId of sessionIds) {
      for (const connection of this.#bySession.get(sessionId) ?? []) connection.close(CLOSE_CODES.refused, 'the session has ended')
    }
  }

  /** Closes all sockets at once, to be opened again: what they know of their chats is void. */
  restartAll (reason: string): void {
    for (const connections of this.#bySession.values()) {
      for (const connection of connections) connection.close(CLOSE_CODES.restart, reason)
    }
  }

  /** Looks up the sessions of all sockets and closes those that have ended. Failures leave it to the next time. */
  async checkSessions (): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    const sessionIds = [...this.#bySession.keys()]
    try {
      for (let index = 0; index < sessionIds.length; index += SESSION_CHUNK) {
        this.endSessions(await this.#deps.findDeadSessions(sessionIds.slice(index, index + SESSION_CHUNK)))
      }
    } catch {
      // The store is away; requests say so, and sockets keep what they have.
    }
    this.#checking = false
  }

  /**
   * Closes all sockets with 1012, in waves over a window of milliseconds, so that they do not all come back at once.
   * @param finish resolves when what the sockets have posted is stored and acknowledged
   */
  async drain (windowMs: number, finish: () => Promise<void>): Promise<void> {
    const all = [...this.#bySession.values()].flatMap((connections) => [...connections])
    const waves = Math.min(DRAIN_WAVES, all.length)
    const size = Math.ceil(all.length / Math.max(waves, 1))
    for (let wave = 0; wave < waves; wave++) {
      if (wave > 0) await new Promise((resolve) => setTimeout(resolve, windowMs / waves))
      const leaving = all.slice(wave * size, (wave + 1) * size)
      for (const connection of leaving) connection.stopReading()
      await finish()
      for (const connection of leaving) connection.close(CLOSE_CODES.restart, 'the server restarts')
    }
  }

  stop (): void {
    clearInterval(this.#pingTimer)
    clearInterval(this.#sessionTimer)
    clearInterval(this.#expiryTimer)
  }

  /** One pass over all sockets costs less than a timer for each, which every renewal would have to move. */
  #closeExpired (): void {
    const now = Date.now()
    for (const connections of this.#bySession.values()) {
      for (const connection of connections) {
        if (connection.session.expiresAt.getTime() <= now) connection.close(CLOSE_CODES.refused, 'the token has expired')
      }
    }
  }

  #ping (): void {
    for (const connections of this.#bySession.values()) {
      for (const connection of connections) connection.ping(PING_FRAME)
    }
  }
}
