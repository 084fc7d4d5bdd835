/**
 * Sockets that follow all chats of their user without joining each: the set changes with the user's list of chats. The
 * lists of many users are read together. A change is announced on the channel of the user; what the bus loses is found
 * by comparing the versions of the lists with the store. Who was brought into a chat by another user is told, which is
 * read from the store, too, and needs no hint of its own.
 */
import type { Bus, BusHandler } from '../bus/bus.ts'
import type { Added, UserChat, UserChats } from '../domain/chats/chats.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Codec } from './codec.ts'
import type { Connection } from './connection.ts'
import type { Contacts } from './contacts.ts'
import type { Hub } from './hub.ts'
import { decodeUserEvent, publishToUser, userChannel } from './user-events.ts'

/** Users whose lists are read in one query. */
const LOAD_CHUNK = 100
/** Users whose versions are compared in one query. */
const COMPARE_CHUNK = 1_000
const RETRY_DELAY_MS = 500

/** The lists of chats in the store. */
export type ChatLists = {
  /** The chats of these users, and the versions of their lists in the same snapshot. */
  chatsOf: (userIds: readonly number[]) => Promise<UserChats[]>
  /** The versions of the lists of these users. */
  versionsOf: (userIds: readonly number[]) => Promise<{ userId: number, version: number }[]>
  /** Those of these memberships that another user has made. */
  addedAmong: (memberships: readonly { userId: number, chatId: number }[]) => Promise<Added[]>
}

/** Dependencies of the following. */
export type FollowingDeps = {
  hub: Hub
  bus: Bus
  lists: ChatLists
  /** Tells the sockets who is online. */
  contacts: Pick<Contacts, 'add' | 'remove'>
  metrics: Metrics
  logger: { warn: (details: object, message: string) => void }
}

/** How far a socket is. */
type Progress = {
  /** Whether it follows the chats of a list: what another list adds to them is news, which it gets from its start. */
  hasList: boolean
  /** The positions from which it will follow chats whose membership must be read again first; rarely any. */
  readonly starts: Map<number, number>
  /** Chats that were added to the list; the socket is yet to be told of those that another user added. */
  readonly news: Set<number>
}

/** A user with such sockets here. */
type Follower = {
  readonly userId: number
  readonly hear: BusHandler
  /** Until the bus has acknowledged the subscription. */
  opened: Promise<void> | undefined
  readonly connections: Map<Connection, Progress>
  /** The version of the list that is followed; undefined before the first. */
  version: number | undefined
  /** Functions to call after the next attempt to read the list. */
  waiting: (() => void)[]
}

/** Follows the chats of users. */
export class Following {
  readonly #deps: FollowingDeps
  readonly #followers = new Map<number, Follower>()
  /** Users whose lists must be read. */
  #due = new Set<number>()
  #isLoading = false
  #isClosed = false

  constructor (deps: FollowingDeps) {
    this.#deps = deps
    deps.hub.onSweep(() => this.#compare())
  }

  /** Number of users with sockets that follow their chats. */
  get size (): number {
    return this.#followers.size
  }

  /**
   * Makes a socket follow all chats of its user from now on, in a codec. Repeating it changes nothing. Resolves when it
   * does, or after a failure of the store, and then it follows them as soon as they can be read.
   */
  async add (connection: Connection, codec: Codec): Promise<void> {
    const follower = this.#followerOf(connection.principal.userId)
    if (follower.connections.has(connection)) return
    this.#deps.hub.recode(connection, codec)
    follower.connections.set(connection, { hasList: false, starts: new Map(), news: new Set() })
    await new Promise<void>((resolve) => {
      follower.waiting.push(resolve)
      this.#reload(follower.userId)
    })
    this.#deps.contacts.add(connection)
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    const { userId } = connection.principal
    this.#deps.contacts.remove(connection)
    const follower = this.#followers.get(userId)
    if (follower?.connections.delete(connection) !== true || follower.connections.size > 0) return
    this.#followers.delete(userId)
    this.#due.delete(userId)
    for (const resolve of follower.waiting) resolve()
    this.#deps.bus.unsubscribe(userChannel(userId), follower.hear)
  }

  /** Tells the replicas that the lists of chats of these users have changed. */
  announce (userIds: readonly number[]): void {
    for (const userId of userIds) publishToUser(this.#deps.bus, userId, { type: 'chats_changed' })
  }

  close (): void {
    this.#isClosed = true
    for (const { userId, hear } of this.#followers.values()) this.#deps.bus.unsubscribe(userChannel(userId), hear)
    this.#followers.clear()
  }

  #followerOf (userId: number): Follower {
    const known = this.#followers.get(userId)
    if (known !== undefined) return known
    const hear: BusHandler = (payload) => {
      const event = decodeUserEvent(payload)
      if (event?.type === 'chats_changed') this.#reload(userId)
    }
    const opened = this.#deps.bus.subscribe(userChannel(userId), hear).catch(() => undefined)
    const follower: Follower = {
      userId, hear, opened, connections: new Map(), version: undefined, waiting: []
    }
    void opened.then(() => (follower.opened = undefined))
    this.#followers.set(userId, follower)
    return follower
  }

  /** Reads the list of a user, together with those of others that are due. */
  #reload (userId: number): void {
    this.#due.add(userId)
    if (this.#isLoading) return
    this.#isLoading = true
    // Sockets that ask in this turn of the event loop share a query.
    setImmediate(() => void this.#load())
  }

  async #load (): Promise<void> {
    while (this.#due.size > 0 && !this.#isClosed) {
      const userIds = [...this.#due].slice(0, LOAD_CHUNK)
      for (const userId of userIds) this.#due.delete(userId)
      const followers = userIds.flatMap((userId) => this.#followers.get(userId) ?? [])
      const waiting = followers.flatMap((follower) => follower.waiting.splice(0))
      try {
        await this.#loadFollowers(followers)
      } catch (error) {
        this.#failed(error)
        setTimeout(() => this.#retry(followers), RETRY_DELAY_MS).unref()
      }
      for (const resolve of waiting) resolve()
    }
    this.#isLoading = false
  }

  #retry (followers: readonly Follower[]): void {
    for (const { userId } of followers) if (this.#followers.has(userId)) this.#reload(userId)
  }

  async #loadFollowers (followers: readonly Follower[]): Promise<void> {
    if (followers.length === 0) return
    // Subscribe first, read the lists second: no change can fall in between.
    await Promise.all(followers.flatMap(({ opened }) => opened ?? []))
    const lists = await this.#deps.lists.chatsOf(followers.map(({ userId }) => userId))
    const byUser = new Map(lists.map((list) => [list.userId, list]))
    const { hub } = this.#deps
    const entered = new Set<number>()
    for (const follower of followers) {
      const list = byUser.get(follower.userId)
      // All its sockets were closed meanwhile.
      if (list === undefined || this.#followers.get(follower.userId) !== follower) continue
      follower.version = list.version
      for (const [connection, progress] of follower.connections) {
        for (const chat of list.chats) this.#follow(connection, progress, chat, entered)
        progress.hasList = true
        hub.keepFollowed(connection, new Set(list.chats.map(({ chatId }) => chatId)))
      }
    }
    await hub.observeWhenOpen(entered)
    await this.#tellNews(followers)
  }

  /** Tells sockets of the chats that another user has brought theirs into. */
  async #tellNews (followers: readonly Follower[]): Promise<void> {
    const memberships = followers.flatMap(({ userId, connections }) => {
      const chatIds = new Set([...connections.values()].flatMap(({ news }) => [...news]))
      return [...chatIds].map((chatId) => ({ userId, chatId }))
    })
    if (memberships.length === 0) return
    const added = await this.#deps.lists.addedAmong(memberships)
    for (const { userId, connections } of followers) {
      for (const [connection, { news }] of connections) {
        for (const { userId: addedId, chatId, by } of added)
          if (addedId === userId && news.has(chatId)) this.#tell(connection, chatId, by)
        news.clear()
      }
    }
  }

  #tell (connection: Connection, chatId: number, username: string): void {
    const notice = connection.codec.showNotice?.({ kind: 'chat.added', chatId, username })
    if (notice === undefined) return
    this.#deps.metrics.framesSent.add(notice.type)
    connection.send(notice)
  }

  #follow (
    connection: Connection,
    { hasList, starts, news }: Progress,
    chat: UserChat,
    entered: Set<number>
  ): void {
    const { chatId, fromSeq, lastSeq } = chat
    const known = connection.subscriptions.get(chatId)
    const isNew = hasList && !(known?.isFollowed === true && known.fromSeq === fromSeq)
    const after = starts.get(chatId) ?? (hasList ? fromSeq : lastSeq)
    const outcome = this.#deps.hub.follow(connection, chat, Math.max(after, fromSeq))
    if (outcome === 'stale') {
      starts.set(chatId, after)
      this.#reload(connection.principal.userId)
      return
    }
    starts.delete(chatId)
    if (isNew) news.add(chatId)
    if (outcome === 'following') entered.add(chatId)
  }

  /** Finds the changes that the bus has lost. */
  async #compare (): Promise<void> {
    const userIds = [...this.#followers.keys()]
    for (let index = 0; index < userIds.length; index += COMPARE_CHUNK) {
      const versions = await this.#deps.lists.versionsOf(userIds.slice(index, index + COMPARE_CHUNK))
      for (const { userId, version } of versions) {
        const follower = this.#followers.get(userId)
        if (follower?.version !== undefined && follower.version !== version) this.#reload(userId)
      }
    }
  }

  #failed (error: unknown): void {
    this.#deps.logger.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      'the lists of chats cannot be read; trying again'
    )
  }
}
