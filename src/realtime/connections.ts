/**
 * The authenticated sockets of this replica: indexed by user and credential, kept alive by pings, closed when their
 * credential ends or the replica stops.
 */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import { CLOSE_CODES } from './close-codes.ts'
import type { Presence } from './presence.ts'
import { PING_FRAME } from '../lib/websocket/frame.ts'

/** Interval at which sockets with expired tokens are closed, in milliseconds. */
const EXPIRY_CHECK_MS = 500
/** Sessions looked up in one query. */
const SESSION_CHUNK = 1_000
/**
 * Mean pause between groups of sockets that are closed while the replica drains, in milliseconds; each pause is 0.5 to
 * 1.5 times as long.
 */
const DRAIN_PAUSE_MS = 50

const RESTART_REASON = 'the server restarts'

/** Dependencies of the register. */
export type ConnectionsDeps = {
  /** Returns which of these credentials are no longer good: sessions and tokens. */
  findEnded: (credentialIds: string[]) => Promise<string[]>
  pingIntervalMs: number
  /**
   * Interval at which the sessions of open sockets are checked: the longest delay of a revocation that the bus lost.
   */
  sessionCheckIntervalMs: number
  maxSocketsPerUser: number
  /** Is told of the first and the last socket of each user. */
  presence: Pick<Presence, 'enter' | 'leave'>
}

/** The register of sockets. */
export class Connections {
  readonly #deps: ConnectionsDeps
  readonly #byCredential = new Map<string, Set<Connection>>()
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

  /** Number of sockets. */
  get size (): number {
    return this.#size
  }

  /** Bytes that wait to be sent, over all sockets. */
  get unsentBytes (): number {
    let sum = 0
    for (const connections of this.#byCredential.values()) {
      for (const connection of connections) sum += connection.unsentBytes
    }
    return sum
  }

  /** Whether a user may open another socket here. */
  hasRoomFor (userId: number): boolean {
    return (this.#countByUser.get(userId) ?? 0) < this.#deps.maxSocketsPerUser
  }

  add (connection: Connection): void {
    const { credentialId, userId } = connection.principal
    const ofCredential = this.#byCredential.get(credentialId)
    if (ofCredential === undefined) this.#byCredential.set(credentialId, new Set([connection]))
    else ofCredential.add(connection)
    this.#size++
    const count = (this.#countByUser.get(userId) ?? 0) + 1
    this.#countByUser.set(userId, count)
    if (count === 1) this.#deps.presence.enter(userId)
  }

  remove (connection: Connection): void {
    const { credentialId, userId } = connection.principal
    const ofCredential = this.#byCredential.get(credentialId)
    if (ofCredential?.delete(connection) !== true) return
    this.#size--
    if (ofCredential.size === 0) this.#byCredential.delete(credentialId)
    const count = (this.#countByUser.get(userId) ?? 1) - 1
    if (count > 0) this.#countByUser.set(userId, count)
    else {
      this.#countByUser.delete(userId)
      this.#deps.presence.leave(userId)
    }
  }

  /** Closes the sockets of ended sessions and revoked tokens. */
  endCredentials (credentialIds: readonly string[]): void {
    for (const credentialId of credentialIds) {
      for (const connection of this.#byCredential.get(credentialId) ?? [])
        connection.close(CLOSE_CODES.refused, 'the session has ended')
    }
  }

  /** The same for those that a test tells. */
  endCredentialsThat (areRevoked: (credentialId: string) => boolean): void {
    this.endCredentials([...this.#byCredential.keys()].filter(areRevoked))
  }

  /** Closes all sockets at once, to be reopened: their clients' knowledge of chats is void. */
  restartAll (reason: string): void {
    for (const connections of this.#byCredential.values()) {
      for (const connection of connections) connection.close(CLOSE_CODES.restart, reason)
    }
  }

  /**
   * Checks the credentials of all sockets and closes those that have ended. After a failure the next interval tries
   * again.
   */
  async checkSessions (): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    const credentialIds = [...this.#byCredential.keys()]
    try {
      for (let index = 0; index < credentialIds.length; index += SESSION_CHUNK) {
        this.endCredentials(await this.#deps.findEnded(credentialIds.slice(index, index + SESSION_CHUNK)))
      }
    } catch {
      // The store is unavailable; requests report it, and sockets stay open.
    }
    this.#checking = false
  }

  /**
   * Closes all sockets with 1012, a few at a time and in random order over a window of milliseconds, so that they do
   * not all reconnect at once: not every client adds a random delay. Their posts are answered first.
   */
  async drain (windowMs: number): Promise<void> {
    const end = performance.now() + windowMs
    const leaving: Promise<void>[] = []
    const staying = this.#inNoOrder()
    while (staying.length > 0) {
      const pauseMs = DRAIN_PAUSE_MS * (0.5 + Math.random())
      const leftMs = end - performance.now()
      const due = leftMs <= pauseMs ? staying.length : Math.ceil((staying.length * pauseMs) / leftMs)
      for (const connection of staying.splice(0, due)) leaving.push(connection.leave(RESTART_REASON))
      if (staying.length > 0) await sleep(pauseMs)
    }
    await Promise.all(leaving)
    // Sockets that were accepted in the meantime.
    await Promise.all(this.#inNoOrder().map((connection) => connection.leave(RESTART_REASON)))
  }

  /**
   * Closes some sockets with 1012, chosen at random, so that they reconnect elsewhere. Their posts are answered first.
   */
  moveSome (count: number): void {
    for (const connection of this.#inNoOrder().slice(0, count))
      void connection.leave('other replicas have fewer sockets')
  }

  stop (): void {
    clearInterval(this.#pingTimer)
    clearInterval(this.#sessionTimer)
    clearInterval(this.#expiryTimer)
  }

  /** One pass over all sockets costs less than a timer for each, which every renewal would have to reset. */
  #closeExpired (): void {
    const now = Date.now()
    for (const connections of this.#byCredential.values()) {
      for (const connection of connections) {
        if (connection.isExpired(now))
          connection.close(CLOSE_CODES.refused, 'the token has expired')
      }
    }
  }

  /** All sockets, shuffled (Fisher and Yates). */
  #inNoOrder (): Connection[] {
    const all = [...this.#byCredential.values()].flatMap((connections) => [...connections])
    for (let index = all.length - 1; index > 0; index--) {
      const other = randomInt(index + 1)
      const [one, two] = [all[index], all[other]]
      if (one !== undefined && two !== undefined) [all[index], all[other]] = [two, one]
    }
    return all
  }

  #ping (): void {
    for (const connections of this.#byCredential.values()) {
      for (const connection of connections) connection.ping(PING_FRAME)
    }
  }
}
