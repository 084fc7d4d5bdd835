/**
 * The hub: it makes the sockets of this replica follow chats, publishes their events, and compares its feeds with the
 * store so that no lost hint hides an event.
 */
import type { Bus } from '../bus/bus.ts'
import { parseChatId } from '../domain/chats/chat-id.ts'
import { asChatError, ChatError } from '../domain/errors.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import type { FairQueue } from '../lib/fair-queue.ts'
import type { Paces } from '../lib/paces.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { decodeEventBatch, encodeEventBatch, isOld, isSealed, unsealed } from './bus-payload.ts'
import type { ChatFeed } from './chat-feed.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { type Codec, type Codecs, encodeFrames } from './codec.ts'
import type { ChatSubscription, Connection } from './connection.ts'
import {
  areMixed, BatchEvents, createEventBatch, type EventBatch, membershipIn, splitBehindRemovals
} from './event-batch.ts'
import { type ChatHead, type ChatLog, type ChatMembership, StoreFeedSource } from './feed-source.ts'
import type { PayloadSeal } from './payload-seal.ts'
import { Joining, type JoinListener, type JoinRequest } from './joining.ts'
import { isRead, Reads } from './reads.ts'
import { end, replay } from './replay.ts'
import { chatChannel, type Room, Rooms } from './rooms.ts'
import { Sweep } from './sweep.ts'
import { isTyping, Typing } from './typing.ts'

/** Number of sockets that can be written to in the time that a write to the bus takes, which wakes another process. */
const FEW_SUBSCRIBERS = 4
/** Chats compared in one query. */
const SWEEP_CHUNK = 1_000

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
      codecOf: (chatId) => this.#codecOf(this.#rooms.get(chatId)),
      hasManyCodecs: this.#hasManyCodecs,
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
          : isRead(payload) ? this.reads.hear(chatId, feed, payload) : this.#hear(chatId, feed, payload)
    })
    this.#joining = new Joining({ ...deps, rooms: this.#rooms })
    this.typing = new Typing({
      ...deps,
      roomOf: (chatId) => this.#rooms.get(chatId),
      membership: (connection, chatId) => this.#membership(connection, chatId),
      hasTyping: (type) => deps.log.hasTyping(type),
      isBlocked: (chatId) => deps.log.isDirectChatBlocked(chatId)
    })
    this.reads = new Reads({ ...deps, roomOf: (chatId) => this.#rooms.get(chatId) })
    this.#sweep = new Sweep({
      bus: deps.bus,
      intervalMs: deps.sweepIntervalMs,
      compare: async () => {
        await this.#compareAll(this.#rooms.chatIds)
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
    for (const part of splitBehindRemovals(committed)) this.#announce(part)
  }

  #announce ({ chatId, events, lastSeq, membersVersion, trace }: CommittedEvents): void {
    const span =
      trace === undefined
        ? undefined
        : this.#deps.tracing?.begin('publish', {
            kind: 'producer',
            parent: trace,
            attributes: { 'chat.id': chatId, 'chat.messages': events.length }
          })
    const room = this.#rooms.get(chatId)
    const isMixed = areMixed(events)
    const batch = createEventBatch(encodeFrames(this.#deps.codecs[0], events), {
      lastSeq,
      membersVersion,
      committedAt: Date.now(),
      membership: membershipIn(events),
      events: this.#hasManyCodecs || isMixed ? new BatchEvents(() => events) : undefined,
      isMixed,
      trace: span?.context
    })
    const channel = room?.channel ?? chatChannel(chatId)
    const isNamed = isMixed || events.some((event) => event.kind === 'message.created' && event.extras !== undefined)
    const { origin, seal } = this.#deps
    const payload = encodeEventBatch(batch, chatId, { origin, isNamed, seal })
    // Both are written at the end of the turn, in this order: writing to a few sockets delays other replicas little,
    // while many sockets would delay them much.
    if (room !== undefined && room.feed.liveCount <= FEW_SUBSCRIBERS) {
      room.feed.receive(batch)
      this.#deps.bus.publish(channel, payload)
    } else {
      this.#deps.bus.publish(channel, payload)
      room?.feed.receive(batch)
    }
    span?.end()
  }

  /** Notes that the members of a chat have changed. */
  membersChanged (chatId: number, membersVersion: number): void {
    this.#rooms.get(chatId)?.feed.observeMembers(membersVersion)
  }

  /** Notes that chats of a type are for their members alone: their versions tell the feeds. */
  chatsClosed (type: string): void {
    const chatIds = this.#rooms.chatIds.filter((chatId) => this.#rooms.get(chatId)?.type === type)
    this.#compareAll(chatIds).catch((error: unknown) => this.#source.failed(error))
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
    if (!subscription.isFollowed) this.#end(subscription)
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
    const { chatId, fromSeq, lastSeq, membersVersion } = membership
    const current = connection.subscriptions.get(chatId)
    if (!connection.isOpen) return 'unchanged'
    if (current?.fromSeq === fromSeq) {
      current.isFollowed = true
      return 'unchanged'
    }
    const room = this.#rooms.open(chatId)
    const { feed } = room
    if (membersVersion < feed.membersVersion) {
      this.#rooms.releaseIfUnused(room)
      return 'stale'
    }
    const subscription = this.#joining.subscribe(room, connection, { ...membership, chosenId: null })
    subscription.isFollowed = true
    feed.observeHead(lastSeq, membersVersion, 'join')
    if (after >= lastSeq && feed.nextSeq <= after + 1) {
      feed.attach(subscription, after + 1)
      return 'following'
    }
    feed.addReplaying(subscription)
    replay(this.#deps, feed, subscription, { after, head: lastSeq }).catch((error: unknown) => {
      end(feed, subscription)
      // Later the position would be lost. The client comes back, and knows that it was away.
      if (asChatError(error).code !== 'not_a_participant')
        connection.close(CLOSE_CODES.tryAgainLater, 'the chats cannot be read now')
    })
    return 'following'
  }

  /** Ends what a socket follows of all chats that are not among these. */
  keepFollowed (connection: Connection, chatIds: ReadonlySet<number>): void {
    for (const subscription of [...connection.subscriptions.values()])
      if (subscription.isFollowed && !chatIds.has(subscription.chatId)) this.#end(subscription)
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
    await this.#compareAll(opening)
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

  #end (subscription: ChatSubscription): void {
    const { chatId } = subscription
    const room = this.#rooms.get(chatId)
    if (room === undefined) return
    // Events that were delivered before the leave are still sent.
    room.feed.flush()
    end(room.feed, subscription)
    this.#rooms.releaseIfUnused(room)
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    for (const subscription of [...connection.subscriptions.values()]) this.#end(subscription)
  }

  /** Compares feeds with the store, so that a lost hint costs a query and not a message. */
  async #compareAll (chatIds: readonly number[]): Promise<void> {
    for (let index = 0; index < chatIds.length; index += SWEEP_CHUNK) {
      const chunk = chatIds.slice(index, index + SWEEP_CHUNK)
      const heads = new Map((await this.#deps.log.heads(chunk)).map((head) => [head.chatId, head]))
      for (const chatId of chunk) {
        const room = this.#rooms.get(chatId)
        if (room !== undefined) this.#compare(room, heads.get(chatId))
      }
    }
  }

  #compare (room: Room, head: ChatHead | undefined): void {
    const { feed } = room
    if (head !== undefined && feed.nextSeq > 0) feed.observeHead(head.lastSeq, head.membersVersion)
    // A deleted chat has no members.
    else if (head === undefined && feed.nextSeq > 0) feed.observeMembers(feed.membersVersion + 1)
    // Subscribers whose membership has ended are removed without notifying the hub.
    if (room.releaseTimer === undefined) this.#rooms.releaseIfUnused(room)
  }

  get #hasManyCodecs (): boolean {
    return this.#deps.codecs.length > 1
  }

  /** The codec whose bytes are needed in any case. */
  #codecOf (room: Room | undefined): Codec {
    return room?.feed.codec ?? this.#deps.codecs[0]
  }

  /** Drops every chat: a new epoch has begun. The sockets must be closed before. */
  reset (): void {
    this.#rooms.clear()
  }

  close (): void {
    this.#sweep.close()
    this.reset()
  }

  #hear (chatId: number, feed: ChatFeed, payload: Buffer): void {
    if (isOld(payload, feed.nextSeq, feed.membersVersion)) {
      this.#deps.metrics.hintDuplicates++
      return
    }
    const batch = decodeEventBatch(payload, this.#deps.codecs[0])
    if (batch !== undefined) this.#receive(chatId, feed, batch, payload)
  }

  #receive (chatId: number, feed: ChatFeed, batch: EventBatch, payload: Buffer): void {
    const { seal, metrics } = this.#deps
    if (seal === undefined || isSealed(payload, chatId, seal)) {
      feed.receive(batch)
      return
    }
    metrics.hintsUnsealed++
    feed.receive(unsealed(batch))
  }
}
