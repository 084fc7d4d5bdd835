/**
 * The hub: it knows which sockets of this replica follow which chat. It subscribes to a chat's channel with the first
 * of them and unsubscribes some seconds after the last, and compares its feeds with the store so that no lost hint
 * hides an event.
 */
import type { Bus, BusHandler } from '../bus/bus.ts'
import { asChatError, ChatError } from '../domain/errors.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { decodeEventBatch, encodeEventBatch, isOld } from './bus-payload.ts'
import { ChatFeed } from './chat-feed.ts'
import { type Codec, type Codecs, encodeFrames } from './codec.ts'
import type { Connection } from './connection.ts'
import { BatchEvents, createEventBatch } from './event-batch.ts'
import { type ChatHead, type ChatLog, StoreFeedSource } from './feed-source.ts'
import { end, replay } from './replay.ts'
import { Subscription } from './subscription.ts'

/** How long an unused subscription is kept, in milliseconds: a reloaded page is back within this time. */
const RELEASE_DELAY_MS = 5_000
const SWEEP_WHILE_DOWN_MS = 1_000
/** A membership that is read again is newer than one that was known before. */
const MEMBERSHIP_ATTEMPTS = 3
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
  log: ChatLog
  /** The codecs of all the sockets that may join. */
  codecs: Codecs
  sweepIntervalMs: number
  metrics: Metrics
  tracing?: Tracing | undefined
  logger: { warn: (details: object, message: string) => void }
}

type Room = {
  channel: string
  feed: ChatFeed
  hear: BusHandler
  opened: Promise<void> | undefined
  joining: number
  releaseTimer: NodeJS.Timeout | undefined
}

/** Delivers the events of chats to the sockets of this replica. */
export class Hub {
  readonly #deps: HubDeps
  readonly #rooms = new Map<number, Room>()
  readonly #source: StoreFeedSource
  #sweepTimer: NodeJS.Timeout | undefined
  #sweeping = false
  #closed = false

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
    deps.bus.onChange(() => void this.sweep())
    this.#scheduleSweep()
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
  announce ({ chatId, events, lastSeq, membersVersion, trace }: CommittedEvents): void {
    const span =
      trace === undefined
        ? undefined
        : this.#deps.tracing?.begin('publish', {
            kind: 'producer',
            parent: trace,
            attributes: { 'chat.id': chatId, 'chat.messages': events.length }
          })
    const room = this.#rooms.get(chatId)
    const batch = createEventBatch(encodeFrames(this.#codecOf(room), events), {
      lastSeq,
      membersVersion,
      committedAt: Date.now(),
      events: this.#hasManyCodecs ? new BatchEvents(() => events) : undefined,
      trace: span?.context
    })
    const channel = room?.channel ?? this.#channelOf(chatId)
    const payload = encodeEventBatch(batch, { origin: this.#deps.origin, isNamed: this.#hasManyCodecs })
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

  /**
   * Makes a socket follow a chat.
   * @param after the seq up to which the client has everything; later events are replayed first. Without it: from now
   * on
   * @returns the seq up to which the socket has received everything
   * @throws {ChatError} `not_a_participant`, `too_many_chats`, `position_unknown`, `unavailable`
   */
  async join (connection: Connection, chatId: number, after?: number): Promise<number> {
    if (!connection.mayJoinMore && !connection.subscriptions.has(chatId)) throw new ChatError('too_many_chats')
    const room = this.#open(chatId)
    room.joining++
    try {
      // Subscribe first, read the head second: no event can fall in between.
      await room.opened
      const seq = await this.#join(room.feed, connection, chatId, after)
      if (after !== undefined) this.#deps.metrics.resumes.add('ok')
      return seq
    } catch (error) {
      const { code } = asChatError(error)
      if (after !== undefined)
        this.#deps.metrics.resumes.add(code === 'position_unknown' || code === 'not_a_participant' ? code : 'failed')
      throw error
    } finally {
      room.joining--
      this.#releaseIfUnused(chatId, room)
    }
  }

  async #join (feed: ChatFeed, connection: Connection, chatId: number, after: number | undefined): Promise<number> {
    const { userId } = connection.session
    let membership = await this.#deps.log.membership(userId, chatId)
    // An older answer must not admit a member who was removed while it was being read.
    for (let attempt = 1; membership.membersVersion < feed.membersVersion; attempt++) {
      // The store knows less than it returned before: it has gone back in time, and all clients are about to start
      // over.
      if (attempt > MEMBERSHIP_ATTEMPTS) throw new ChatError('unavailable')
      membership = await this.#deps.log.membership(userId, chatId)
    }
    feed.observeHead(membership.lastSeq, membership.membersVersion, 'join')
    if (after !== undefined && after > membership.lastSeq) throw new ChatError('position_unknown')
    const current = connection.subscriptions.get(chatId)
    // A socket that already follows the chat loses nothing by joining again.
    if (current?.fromSeq === membership.fromSeq && after === undefined) return feed.positionOf(current)
    if (current !== undefined) end(feed, current)
    const subscription = new Subscription(connection, membership)
    if (!connection.isOpen) return membership.lastSeq
    connection.subscriptions.set(chatId, subscription)
    feed.addReplaying(subscription)
    if (after !== undefined)
      return replay(this.#deps, feed, subscription, {
        after: Math.max(after, membership.fromSeq),
        head: membership.lastSeq
      })
    const startSeq = Math.max(membership.lastSeq + 1, feed.nextSeq)
    feed.attach(subscription, startSeq)
    return startSeq - 1
  }

  /** Makes a socket stop following a chat. */
  leave (connection: Connection, chatId: number): void {
    const subscription = connection.subscriptions.get(chatId)
    const room = this.#rooms.get(chatId)
    if (subscription === undefined || room === undefined) return
    // Events that were delivered before the leave are still sent.
    room.feed.flush()
    end(room.feed, subscription)
    this.#releaseIfUnused(chatId, room)
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    for (const chatId of [...connection.subscriptions.keys()]) this.leave(connection, chatId)
  }

  /** Compares every feed with the store, so that a lost hint costs a query and not a message. */
  async sweep (): Promise<void> {
    if (this.#sweeping || this.#closed) return
    this.#sweeping = true
    clearTimeout(this.#sweepTimer)
    try {
      const chatIds = [...this.#rooms.keys()]
      for (let index = 0; index < chatIds.length; index += SWEEP_CHUNK) {
        const chunk = chatIds.slice(index, index + SWEEP_CHUNK)
        const heads = new Map((await this.#deps.log.heads(chunk)).map((head) => [head.chatId, head]))
        for (const chatId of chunk) {
          const room = this.#rooms.get(chatId)
          if (room !== undefined) this.#compare(chatId, room, heads.get(chatId))
        }
      }
    } catch (error) {
      this.#source.failed(error)
    }
    this.#sweeping = false
    this.#scheduleSweep()
  }

  #compare (chatId: number, room: Room, head: ChatHead | undefined): void {
    const { feed } = room
    if (head !== undefined && feed.nextSeq > 0) feed.observeHead(head.lastSeq, head.membersVersion)
    // A deleted chat has no members.
    else if (head === undefined && feed.nextSeq > 0) feed.observeMembers(feed.membersVersion + 1)
    // Subscribers whose membership has ended are removed without notifying the hub.
    if (room.releaseTimer === undefined) this.#releaseIfUnused(chatId, room)
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
    for (const [chatId, room] of this.#rooms) this.#release(chatId, room)
  }

  close (): void {
    this.#closed = true
    clearTimeout(this.#sweepTimer)
    this.reset()
  }

  #scheduleSweep (): void {
    if (this.#closed) return
    const delay = this.#deps.bus.isUp
      ? this.#deps.sweepIntervalMs
      : Math.min(SWEEP_WHILE_DOWN_MS, this.#deps.sweepIntervalMs)
    this.#sweepTimer = setTimeout(() => void this.sweep(), delay)
  }

  #open (chatId: number): Room {
    const known = this.#rooms.get(chatId)
    if (known !== undefined) {
      clearTimeout(known.releaseTimer)
      known.releaseTimer = undefined
      return known
    }
    const feed = new ChatFeed(chatId, this.#source)
    const hear = (payload: Buffer) => {
      if (isOld(payload, feed.nextSeq, feed.membersVersion)) {
        this.#deps.metrics.hintDuplicates++
        return
      }
      const batch = decodeEventBatch(payload, this.#deps.codecs[0].name)
      if (batch !== undefined) feed.receive(batch)
    }
    // Without the bus the sweep delivers, so a refused subscription is no reason to refuse the socket.
    const channel = this.#channelOf(chatId)
    const opened = this.#deps.bus.subscribe(channel, hear).catch(() => undefined)
    const room: Room = { channel, feed, hear, opened, joining: 0, releaseTimer: undefined }
    void opened.then(() => (room.opened = undefined))
    this.#rooms.set(chatId, room)
    return room
  }

  #releaseIfUnused (chatId: number, room: Room): void {
    if (room.joining > 0 || !room.feed.isEmpty) return
    clearTimeout(room.releaseTimer)
    room.releaseTimer = setTimeout(() => {
      if (room.joining === 0 && room.feed.isEmpty) this.#release(chatId, room)
    }, RELEASE_DELAY_MS).unref()
  }

  #release (chatId: number, room: Room): void {
    clearTimeout(room.releaseTimer)
    room.feed.close()
    this.#deps.bus.unsubscribe(room.channel, room.hear)
    if (this.#rooms.get(chatId) === room) this.#rooms.delete(chatId)
  }

  #channelOf (chatId: number): string {
    return `chat:${String(chatId)}`
  }
}
