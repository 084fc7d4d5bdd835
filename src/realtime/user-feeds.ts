/**
 * Sockets that follow the feed of their user. A change is announced on the channel of the user and read from the store;
 * what the bus loses is found by comparing the positions with the store.
 */
import type { Bus, BusHandler } from '../bus/bus.ts'
import type { FeedEvent, Feeds } from '../domain/feeds/feeds.ts'
import type { Connection } from './connection.ts'
import { decodeUserEvent, publishToUser, userChannel } from './user-events.ts'

/** Events that are read at once. */
const PAGE = 200
/** Users whose positions are compared in one query. */
const COMPARE_CHUNK = 1_000
const RETRY_DELAY_MS = 500

/** Encodes an event of a feed as a frame of a face. */
export type FeedEncoder = (event: FeedEvent) => { readonly type: string }

/** Dependencies. */
export type UserFeedsDeps = {
  feeds: Pick<Feeds, 'heads' | 'read'>
  bus: Bus
  /** Shows a read mark of the user to these sockets; false when the payload is none. */
  hearMark: (userId: number, payload: Buffer, sockets: Iterable<Connection>) => boolean
  /** Calls a listener whenever everything is to be compared with the store. */
  onSweep: (listener: () => Promise<void>) => void
  logger: { warn: (details: object, message: string) => void }
}

/** A user with such sockets here. */
type Reader = {
  readonly userId: number
  readonly hear: BusHandler
  /** Until the bus has acknowledged the subscription. */
  opened: Promise<void> | undefined
  /** The sockets, with the positions that they have received. */
  readonly sockets: Map<Connection, { pos: number, encode: FeedEncoder }>
  /** Sockets that are about to follow it. */
  opening: number
  isReading: boolean
  /** Whether the feed must be read again. */
  isDue: boolean
}

/** Follows the feeds of users. */
export class UserFeeds {
  readonly #deps: UserFeedsDeps
  readonly #readers = new Map<number, Reader>()
  #isClosed = false

  constructor (deps: UserFeedsDeps) {
    this.#deps = deps
    deps.onSweep(() => this.#compare())
  }

  /** Number of users with sockets that follow their feeds. */
  get size (): number {
    return this.#readers.size
  }

  /**
   * Makes a socket follow the feed of its user.
   * @param begin is called with the last position of the feed, before anything of it is sent, and returns the position
   *   behind which the socket begins
   */
  async follow (connection: Connection, encode: FeedEncoder, begin: (head: number) => number): Promise<void> {
    const { userId } = connection.principal
    const reader = this.#readerOf(userId)
    reader.opening++
    try {
      // Subscribe first, read the position second: no change can fall in between.
      await reader.opened
      const head = (await this.#deps.feeds.heads([userId])).get(userId) ?? 0
      const pos = begin(head)
      if (!connection.isOpen) return
      reader.sockets.set(connection, { pos, encode })
      if (pos < head) this.#read(reader)
    } finally {
      reader.opening--
      this.#releaseIfUnused(reader)
    }
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    const reader = this.#readers.get(connection.principal.userId)
    if (reader?.sockets.delete(connection) === true) this.#releaseIfUnused(reader)
  }

  /** Tells the replicas that the feeds of these users have changed. */
  announce (userIds: readonly number[]): void {
    for (const userId of userIds) publishToUser(this.#deps.bus, userId, { type: 'feed_changed' })
  }

  /** Forgets all: a new epoch has begun. The sockets must be closed before. */
  reset (): void {
    for (const { userId, hear } of this.#readers.values()) this.#deps.bus.unsubscribe(userChannel(userId), hear)
    this.#readers.clear()
  }

  close (): void {
    this.#isClosed = true
    this.reset()
  }

  #readerOf (userId: number): Reader {
    const known = this.#readers.get(userId)
    if (known !== undefined) return known
    const hear: BusHandler = (payload) => {
      if (this.#deps.hearMark(userId, payload, reader.sockets.keys())) return
      const type = decodeUserEvent(payload)?.type
      if (type === 'feed_changed' || type === 'chats_changed') this.#read(reader)
    }
    const opened = this.#deps.bus.subscribe(userChannel(userId), hear).catch(() => undefined)
    const reader: Reader = {
      userId, hear, opened, sockets: new Map(), opening: 0, isReading: false, isDue: false
    }
    void opened.then(() => (reader.opened = undefined))
    this.#readers.set(userId, reader)
    return reader
  }

  #releaseIfUnused (reader: Reader): void {
    const { userId, hear, sockets, opening } = reader
    if (sockets.size > 0 || opening > 0 || this.#readers.get(userId) !== reader) return
    this.#readers.delete(userId)
    this.#deps.bus.unsubscribe(userChannel(userId), hear)
  }

  /** Sends what is new, soon: hints of one turn of the event loop share a query. */
  #read (reader: Reader): void {
    reader.isDue = true
    if (reader.isReading) return
    reader.isReading = true
    setImmediate(() => void this.#readAll(reader))
  }

  async #readAll (reader: Reader): Promise<void> {
    try {
      while (reader.isDue && reader.sockets.size > 0 && !this.#isClosed) {
        reader.isDue = false
        await this.#readPage(reader)
      }
      reader.isReading = false
    } catch (error) {
      this.#deps.logger.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'a feed cannot be read; trying again'
      )
      setTimeout(() => {
        reader.isReading = false
        this.#read(reader)
      }, RETRY_DELAY_MS).unref()
    }
  }

  async #readPage (reader: Reader): Promise<void> {
    const positions = [...reader.sockets.values()].map(({ pos }) => pos)
    const page = await this.#deps.feeds.read(reader.userId, Math.min(...positions), PAGE)
    for (const [connection, socket] of reader.sockets) {
      for (const event of page) {
        if (event.pos <= socket.pos) continue
        connection.tell(socket.encode(event))
        socket.pos = event.pos
      }
    }
    if (page.length < PAGE) return
    reader.isDue = true
    await Promise.all([...reader.sockets.keys()].map((connection) => connection.drained()))
  }

  /** Finds the changes that the bus has lost. */
  async #compare (): Promise<void> {
    const userIds = [...this.#readers.keys()]
    for (let index = 0; index < userIds.length; index += COMPARE_CHUNK) {
      const heads = await this.#deps.feeds.heads(userIds.slice(index, index + COMPARE_CHUNK))
      for (const [userId, pos] of heads) {
        const reader = this.#readers.get(userId)
        if (reader !== undefined && [...reader.sockets.values()].some((socket) => socket.pos < pos)) this.#read(reader)
      }
    }
  }
}
