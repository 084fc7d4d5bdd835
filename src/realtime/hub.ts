/**
 * The hub: it makes the sockets of this replica follow chats, and connects the parts that publish their events and
 * compare its feeds with the store.
 */
import type { Bus } from '../bus/bus.ts'
import { parseChatId } from '../domain/chats/chat-id.ts'
import { ChatError } from '../domain/errors.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import type { FairQueue } from '../lib/fair-queue.ts'
import type { Paces } from '../lib/paces.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import type { Codec, Codecs } from './codec.ts'
import type { Connection } from './connection.ts'
import { EventHints } from './event-hints.ts'
import { FeedComparison } from './feed-comparison.ts'
import { type ChatLog, type ChatMembership, StoreFeedSource } from './feed-source.ts'
import { Joining, type JoinListener, type JoinRequest } from './joining.ts'
import { ListedChats } from './listed-chats.ts'
import type { PayloadSeal } from './payload-seal.ts'
import { isRead, Reads } from './reads.ts'
import { Rooms } from './rooms.ts'
import { Sweep } from './sweep.ts'
import { isTyping, Typing } from './typing.ts'

/** Dependencies of the hub. */
export type HubDeps = {
  /** It need not return payloads that were published with this `origin`. */
  bus: Bus
  /** Number of this replica in the payloads that it publishes, below 2^32. */
  origin: number
  /** How payloads are sealed; undefined when none but this replica can publish. */
  seal: PayloadSeal | undefined
  log: ChatLog
  /** The codecs of all the sockets that may join. */
  codecs: Codecs
  /** The epoch of the data. */
  epoch: { readonly current: string }
  sweepIntervalMs: number
  /** The turns of users in reading for joins. */
  reads: FairQueue
  /** The rate of replayed events of each user, if it is limited. */
  replayPaces?: Paces | undefined
  /** The rate of the frames of each user that tell of typing, if it is limited. */
  typingPaces?: Paces | undefined
  metrics: Metrics
  tracing?: Tracing | undefined
  logger: { warn: (details: object, message: string) => void }
}

/** Delivers the events of chats to the sockets of this replica. */
export class Hub {
  readonly #deps: HubDeps
  readonly #rooms: Rooms
  readonly #source: StoreFeedSource
  readonly #joining: Joining
  readonly #listedChats: ListedChats
  readonly #hints: EventHints
  readonly #comparison: FeedComparison
  /** Who is typing in the chats. */
  readonly typing: Typing
  /** How far the chats are read. */
  readonly reads: Reads
  readonly #sweepListeners: (() => Promise<void>)[] = []
  readonly #sweep: Sweep

  constructor (deps: HubDeps) {
    this.#deps = deps
    this.#source = new StoreFeedSource({
      log: deps.log,
      // Its bytes are needed in any case.
      codecOf: (chatId) => this.#rooms.get(chatId)?.feed.codec ?? deps.codecs[0],
      hasManyCodecs: deps.codecs.length > 1,
      metrics: deps.metrics,
      tracing: deps.tracing,
      logger: deps.logger
    })
    this.#rooms = new Rooms({
      bus: deps.bus,
      source: this.#source,
      hear: (chatId, feed, payload) =>
        isTyping(payload)
          ? this.typing.hear(chatId, feed, payload)
          : isRead(payload) ? this.reads.hear(chatId, feed, payload) : this.#hints.hear(chatId, feed, payload)
    })
    const roomOf = (chatId: number) => this.#rooms.get(chatId)
    this.#hints = new EventHints({ ...deps, roomOf })
    this.#joining = new Joining({ ...deps, rooms: this.#rooms })
    this.#listedChats = new ListedChats({ ...deps, rooms: this.#rooms, joining: this.#joining })
    this.#comparison = new FeedComparison({ log: deps.log, rooms: this.#rooms })
    this.typing = new Typing({
      ...deps,
      roomOf,
      membership: (connection, chatId) => this.#membership(connection, chatId),
      hasTyping: (type) => deps.log.hasTyping(type),
      isBlocked: (chatId) => deps.log.isDirectChatBlocked(chatId)
    })
    this.reads = new Reads({ ...deps, roomOf })
    this.#sweep = new Sweep({
      bus: deps.bus,
      intervalMs: deps.sweepIntervalMs,
      compare: async () => {
        await this.#comparison.run(this.#rooms.chatIds)
        for (const listener of this.#sweepListeners) await listener()
      },
      failed: (error) => this.#source.failed(error)
    })
  }

  /** Number of chats that the sockets of this replica follow. */
  get size (): number {
    return this.#rooms.size
  }

  /** Whether sockets of a codec may join. */
  hasCodec (codec: Codec): boolean {
    return this.#deps.codecs.includes(codec)
  }

  /** Publishes stored events: to the sockets of this replica at once, to other replicas through the bus. */
  announce (committed: CommittedEvents): void {
    this.#hints.announce(committed)
  }

  /** Notes that the members of a chat have changed. */
  membersChanged (chatId: number, membersVersion: number): void {
    this.#rooms.get(chatId)?.feed.observeMembers(membersVersion)
  }

  /** Notes that chats of a type are for their members alone: their versions tell the feeds. */
  chatsClosed (type: string): void {
    const chatIds = this.#rooms.chatIds.filter((chatId) => this.#rooms.get(chatId)?.type === type)
    this.#comparison.run(chatIds).catch((error: unknown) => this.#source.failed(error))
  }

  /**
   * Makes a socket follow a chat.
   * @param after the seq up to which the client has everything; later events are replayed first. Without it: from now
   * on
   * @returns the seq up to which the socket has received everything; 0 when it is closed meanwhile
   * @throws {ChatError} `not_a_participant`, `too_many_chats`, `position_unknown`, `unavailable`
   */
  async join (connection: Connection, chatId: number, after?: number): Promise<number> {
    let result: number | ChatError | undefined
    await this.joinAll(connection, [{ chatId, after }], (_request, outcome) => (result = outcome))
    if (result instanceof ChatError) throw result
    return result ?? 0
  }

  /**
   * Makes a socket follow chats, each of which is named once. An outcome is told before any live event of its chat,
   * and not to a socket that is closed meanwhile.
   */
  async joinAll (connection: Connection, requests: readonly JoinRequest[], tell: JoinListener): Promise<void> {
    await this.#joining.join(connection, requests, tell)
  }

  /** The chat of an id of `/v1`, if the socket follows it. */
  chatIdOf (connection: Connection, name: string): number | undefined {
    const parsed = parseChatId(name)
    if (parsed === undefined) return undefined
    const room = 'chatId' in parsed ? this.#rooms.get(parsed.chatId) : this.#rooms.named(parsed.chosen)
    // A chat with a chosen id has no other.
    const isNamed = room !== undefined && ('chosen' in parsed || room.chosenId === undefined)
    return isNamed && connection.subscriptions.has(room.chatId) ? room.chatId : undefined
  }

  /** Resolves if the user of a socket is a member of a chat. @throws {ChatError} `not_a_participant`, `unavailable` */
  async confirmMember (connection: Connection, chatId: number): Promise<void> {
    await this.#membership(connection, chatId)
  }

  async #membership ({ principal: { userId } }: Connection, chatId: number): Promise<ChatMembership> {
    const { log, reads } = this.#deps
    return reads.run(userId, () => log.membership(userId, chatId))
  }

  /** Ends what a join has given to a socket. */
  leave (connection: Connection, chatId: number): void {
    const subscription = connection.subscriptions.get(chatId)
    if (subscription === undefined) return
    subscription.isJoined = false
    if (!subscription.isFollowed) this.#rooms.end(subscription)
  }

  /**
   * Makes a socket follow a chat as one of all chats of its user.
   * @param membership as it was read before; it may be older than what the feed knows
   * @param after the seq after which the socket gets its events
   * @returns `stale` when the membership must be read again
   */
  follow (
    connection: Connection,
    membership: Omit<ChatMembership, 'chosenId'>,
    after: number
  ): 'unchanged' | 'stale' | 'following' {
    return this.#listedChats.follow(connection, membership, after)
  }

  /** Ends what a socket follows of all chats that are not among these. */
  keepFollowed (connection: Connection, chatIds: ReadonlySet<number>): void {
    this.#listedChats.keep(connection, chatIds)
  }

  /** Resolves when nothing of these chats can be missed any more. */
  async observeWhenOpen (chatIds: Iterable<number>): Promise<void> {
    const opening: number[] = []
    const subscriptions: Promise<void>[] = []
    for (const chatId of chatIds) {
      const opened = this.#rooms.get(chatId)?.opened
      if (opened === undefined) continue
      opening.push(chatId)
      subscriptions.push(opened)
    }
    await Promise.all(subscriptions)
    await this.#comparison.run(opening)
  }

  /** Changes the codec of a socket; its subscriptions go on in the other one. */
  recode (connection: Connection, codec: Codec): void {
    if (connection.codec === codec) return
    connection.codec = codec
    for (const subscription of connection.subscriptions.values()) {
      const room = this.#rooms.get(subscription.chatId)
      room?.feed.recode(subscription, () => {
        subscription.codec = this.#joining.codecOf(connection, room, subscription)
      })
    }
  }

  /** Calls `listener` after each comparison with the store. It may reject, and is called again after the next one. */
  onSweep (listener: () => Promise<void>): void {
    this.#sweepListeners.push(listener)
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    for (const subscription of [...connection.subscriptions.values()]) this.#rooms.end(subscription)
  }

  /** Drops every chat: a new epoch has begun. The sockets must be closed before. */
  reset (): void {
    this.#rooms.clear()
  }

  close (): void {
    this.#sweep.close()
    this.reset()
  }
}
