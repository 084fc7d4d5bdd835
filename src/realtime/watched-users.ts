/**
 * Sockets that watch users, and are told who of them is online: now, and at each change. Of users of whom a socket may
 * not know it the presence is unknown. Who may know it changes with chats and settings, and is read again then.
 */
import type { Bus } from '../bus/bus.ts'
import type { Principal } from '../domain/accounts/principal.ts'
import { ChatError } from '../domain/errors.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Connection } from './connection.ts'
import type { Presence, PresenceStatus, PresenceWatcher, UserPresence } from './presence.ts'
import { decodeUserEvent, userChannel } from './user-events.ts'

/** Users that one socket may watch. */
export const MAX_WATCHED_PER_SOCKET = 10_000
/** Changes of rights within this time share a query, in milliseconds. */
const BATCH_MS = 50
const RETRY_DELAY_MS = 500

/** Dependencies. */
export type WatchedUsersDeps = {
  presence: Presence
  bus: Bus
  /** Returns those of these users of whom a user may know whether they are online. */
  visibleTo: (principal: Principal, userIds: readonly number[]) => Promise<ReadonlySet<number>>
  metrics: Metrics
  logger: { warn: (details: object, message: string) => void }
}

/** A user to watch, by the id in `/v1` and the number. */
export type UserToWatch = { id: string, userId: number }

/** The users that the sockets of this replica watch. */
export class WatchedUsers {
  readonly #deps: WatchedUsersDeps
  readonly #views = new Map<Connection, SocketView>()

  constructor (deps: WatchedUsersDeps) {
    this.#deps = deps
  }

  /** Number of sockets that watch users. */
  get size (): number {
    return this.#views.size
  }

  /**
   * Has a socket told of users from now on.
   * @param acknowledge called when nothing can be missed any more, before the socket is told how it is now
   * @throws {ChatError} `invalid_input` when they are too many
   * @throws when it cannot be read who may be shown
   */
  async watch (connection: Connection, users: readonly UserToWatch[], acknowledge: () => void): Promise<void> {
    if (!connection.isOpen) return
    const view = this.#views.get(connection) ?? new SocketView(this.#deps, connection)
    this.#views.set(connection, view)
    try {
      await view.add(users, acknowledge)
    } finally {
      this.#removeIdle(connection)
    }
  }

  /** Ends it for users. */
  unwatch (connection: Connection, userIds: readonly number[]): void {
    this.#views.get(connection)?.remove(userIds)
    this.#removeIdle(connection)
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    this.#views.get(connection)?.close()
    this.#views.delete(connection)
  }

  #removeIdle (connection: Connection): void {
    if (!connection.isOpen || this.#views.get(connection)?.size === 0) this.remove(connection)
  }
}

/** A user that a socket watches. */
type Watched = {
  readonly id: string
  /** Undefined before it has been read. */
  isVisible: boolean | undefined
  /** What was known at the last change, and what the socket has been told. */
  known: PresenceStatus | undefined
  shown: PresenceStatus | undefined
}

/** The users that one socket watches. */
class SocketView {
  readonly #deps: WatchedUsersDeps
  readonly #connection: Connection
  readonly #users = new Map<number, Watched>()
  readonly #watcher: PresenceWatcher
  readonly #opened: Promise<void>
  /** Users whose rights must be read again. */
  #due = new Set<number>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (deps: WatchedUsersDeps, connection: Connection) {
    this.#deps = deps
    this.#connection = connection
    this.#watcher = {
      changed: (presences) => this.#changed(presences),
      rightsChanged: (userId) => this.#readRightsSoon([userId])
    }
    this.#opened = deps.bus.subscribe(userChannel(connection.principal.userId), this.#hear).catch(() => undefined)
  }

  get size (): number {
    return this.#users.size
  }

  async add (users: readonly UserToWatch[], acknowledge: () => void): Promise<void> {
    const added = users.filter(({ userId }) => !this.#users.has(userId))
    if (this.size + added.length > MAX_WATCHED_PER_SOCKET)
      throw new ChatError('invalid_input', `A socket watches at most ${String(MAX_WATCHED_PER_SOCKET)} users.`)
    for (const { id, userId } of added)
      this.#users.set(userId, { id, isVisible: undefined, known: undefined, shown: undefined })
    const addedIds = added.map(({ userId }) => userId)
    try {
      // Subscribe first, read second: no change can fall in between.
      await this.#opened
      await this.#deps.presence.watch(this.#watcher, addedIds)
      await this.#readRights(addedIds)
    } catch (error) {
      this.remove(addedIds)
      throw error
    }
    acknowledge()
    for (const { userId } of users) {
      const watched = this.#users.get(userId)
      if (watched !== undefined) watched.shown = undefined
    }
    this.#show(users.map(({ userId }) => userId))
  }

  remove (userIds: readonly number[]): void {
    for (const userId of userIds) {
      this.#users.delete(userId)
      this.#due.delete(userId)
    }
    this.#deps.presence.unwatch(this.#watcher, userIds)
  }

  close (): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#users.clear()
    this.#deps.presence.unwatch(this.#watcher)
    this.#deps.bus.unsubscribe(userChannel(this.#connection.principal.userId), this.#hear)
  }

  /** The chats of the socket's own user have changed. */
  readonly #hear = (payload: Buffer): void => {
    const type = decodeUserEvent(payload)?.type
    if (type === 'chats_changed' || type === 'rights_changed') this.#readRightsSoon(this.#users.keys())
  }

  #changed (presences: readonly UserPresence[]): void {
    const isKnownAgain = presences.filter(({ userId }) => this.#users.get(userId)?.known === 'unknown')
    // While nothing was known, a change of rights may have been missed, too.
    this.#readRightsSoon(isKnownAgain.map(({ userId }) => userId))
    this.#show(presences.map(({ userId }) => userId).filter((userId) => !this.#due.has(userId)))
  }

  #readRightsSoon (userIds: Iterable<number>): void {
    for (const userId of userIds) if (this.#users.has(userId)) this.#due.add(userId)
    if (this.#due.size > 0) this.#timer ??= setTimeout(() => void this.#readDue(), BATCH_MS).unref()
  }

  async #readDue (): Promise<void> {
    const due = [...this.#due]
    this.#due = new Set()
    this.#timer = undefined
    try {
      await this.#readRights(due)
      this.#show(due)
    } catch (error) {
      this.#deps.logger.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'it cannot be read of whom a user may know whether they are online; trying again'
      )
      for (const userId of due) if (this.#users.has(userId)) this.#due.add(userId)
      if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.#readDue(), RETRY_DELAY_MS).unref()
    }
  }

  async #readRights (userIds: readonly number[]): Promise<void> {
    if (userIds.length === 0) return
    const visible = await this.#deps.visibleTo(this.#connection.principal, userIds)
    for (const userId of userIds) {
      const watched = this.#users.get(userId)
      if (watched !== undefined) watched.isVisible = visible.has(userId)
    }
  }

  /** Tells the socket of those of these users of whom it does not know how it is now. */
  #show (userIds: readonly number[]): void {
    const frames: Buffer[] = []
    for (const userId of userIds) {
      const watched = this.#users.get(userId)
      if (watched === undefined) continue
      const { status, lastSeenAt } = this.#deps.presence.presenceOf(userId)
      watched.known = status
      if (watched.isVisible === undefined) continue
      const seen = watched.isVisible ? { status, lastSeenAt } : { status: 'unknown' as const, lastSeenAt: undefined }
      if (watched.shown === seen.status) continue
      watched.shown = seen.status
      const shown = this.#connection.codec.showNotice?.({ kind: 'presence', user: watched.id, ...seen })
      if (shown === undefined) continue
      this.#deps.metrics.framesSent.add(shown.type)
      frames.push(encodeTextFrame(JSON.stringify(shown)))
    }
    if (frames.length > 0) this.#connection.write(Buffer.concat(frames))
  }
}
