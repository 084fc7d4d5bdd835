/**
 * Pub/sub on one Redis server by ioredis, with one connection to publish and one to subscribe.
 *
 * Channels that are subscribed to in one turn go in one SUBSCRIBE, since a socket that comes brings many: a command, a
 * promise and a deadline for each would cost most of the time in which thousands of sockets are opened.
 *
 * Subscriptions are renewed by hand after a reconnect, since ioredis does not report when its own renewal is
 * acknowledged, and only then is the bus up again.
 */
import type { Redis } from 'ioredis'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { withDeadline } from '../lib/deadline.ts'
import { type Bus, BusDownError, type BusHandler, type EchoTest } from './bus.ts'
import { readMessages } from '../lib/redis/message-reader.ts'
import { RedisPublications } from './redis-publications.ts'

const ANSWER_TIMEOUT_MS = 2_000
/** How often the server must answer, so that a silent one does not count as up. */
const BEAT_INTERVAL_MS = 3_000
const OPEN_TIMEOUT_MS = 5_000
/** Channels per SUBSCRIBE command when many are renewed. */
const RENEWAL_CHUNK = 500

/**
 * `acknowledged` is undefined after a failed attempt: the next caller tries again. `publication` is the first part of
 * the command that publishes to the channel, cached since a replica that follows a chat is likely to post to it; a
 * string, as a small `Buffer` would keep alive the 8 KiB slab that it is cut from.
 */
type Subscription = { handlers: Set<BusHandler>, acknowledged: Promise<void> | undefined, publication: string }

/** Options of a link. */
export type RedisLinkOptions = {
  /** Creates a connection that is not yet opened. */
  connect: (name: string) => Redis
  /** What it connects to, for the log. */
  description: string
  /** Prefix of every channel's name. */
  prefix: string
  /** Whether it is one of several links, each with the channels of its slots (Redis 7, sharded pub/sub). */
  isSharded: boolean
  /** Payloads to drop. */
  isEcho?: EchoTest | undefined
  /** Called when the server refuses a subscription, or ends one by itself: its slots may have moved. */
  onRefused?: () => void
  log: BusLog
}

/** Where a bus logs outages. */
export type BusLog = { warn: (details: object, message: string) => void }

/** A bus on one Redis server. */
export class RedisPubSub implements Bus {
  readonly description: string
  #isUp = false
  readonly #isSharded: boolean
  readonly #onRefused: () => void
  readonly #publisher: Redis
  readonly #publications: RedisPublications
  readonly #subscriber: Redis
  readonly #prefix: string
  readonly #log: BusLog
  readonly #subscriptions = new Map<string, Subscription>()
  /** Channels to subscribe to at the end of this turn, and the acknowledgement of all of them. */
  #requested: { readonly channels: Set<string>, readonly acknowledged: Promise<void> } | undefined
  readonly #listeners: ((isUp: boolean) => void)[] = []
  #closing = false
  #announcedDown = false
  readonly #heartbeatTimer: NodeJS.Timeout

  constructor ({ connect, description, prefix, isSharded, isEcho = () => false, onRefused, log }: RedisLinkOptions) {
    this.description = description
    this.#prefix = prefix
    this.#isSharded = isSharded
    this.#onRefused = onRefused ?? (() => undefined)
    this.#log = log
    this.#publisher = connect('publisher')
    this.#subscriber = connect('subscriber')
    this.#publications = new RedisPublications(this.#publisher, isSharded)
    for (const connection of [this.#publisher, this.#subscriber]) {
      connection.on('ready', () => void this.#comeUp())
      connection.on('close', () => this.#goDown())
      connection.on('error', (error: Error) => this.#noteFailure(error))
    }
    this.#subscriber.on('error', () => {
      // A server that loses a slot ends its subscriptions unasked, which ioredis treats as a broken connection.
      if (isSharded && this.#subscriber.status === 'ready') this.#startOver()
    })
    this.#heartbeatTimer = setInterval(() => void this.#checkAnswer(), BEAT_INTERVAL_MS)
    const prefixBytes = Buffer.byteLength(prefix)
    const hear = (channel: Buffer, payload: Buffer) => {
      if (isEcho(payload)) return
      const name = channel.toString('utf8', prefixBytes)
      for (const handler of this.#subscriptions.get(name)?.handlers ?? []) handler(payload, name)
    }
    this.#subscriber.on('connect', () =>
      readMessages(this.#subscriber.stream, isSharded ? 'smessage' : 'message', hear)
    )
  }

  get isUp () {
    return this.#isUp
  }

  get dropped () {
    return this.#publications.dropped
  }

  /** Resolves when both connections are up or have failed once: the link then comes up by itself. */
  async open () {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, OPEN_TIMEOUT_MS)
    })
    // A server that accepts connections but does not answer must not block the start.
    await Promise.race([timeout, Promise.allSettled([this.#publisher.connect(), this.#subscriber.connect()])])
    clearTimeout(timer)
    await this.#comeUp()
  }

  publish (channel: string, payload: Buffer) {
    this.#publications.add(this.#subscriptions.get(channel)?.publication ?? this.#publicationTo(channel), payload)
  }

  #publicationTo (channel: string): string {
    return this.#publications.commandTo(this.#name(channel))
  }

  async subscribe (channel: string, handler: BusHandler) {
    let subscription = this.#subscriptions.get(channel)
    if (subscription === undefined) {
      subscription = { handlers: new Set(), acknowledged: undefined, publication: this.#publicationTo(channel) }
      this.#subscriptions.set(channel, subscription)
    }
    subscription.handlers.add(handler)
    subscription.acknowledged ??= this.#request(channel, subscription)
    await subscription.acknowledged
  }

  unsubscribe (channel: string, handler: BusHandler) {
    const subscription = this.#subscriptions.get(channel)
    if (subscription?.handlers.delete(handler) !== true || subscription.handlers.size > 0) return
    this.#subscriptions.delete(channel)
    if (this.#subscriber.status !== 'ready') return
    const name = this.#name(channel)
    const ended = this.#isSharded ? this.#subscriber.sunsubscribe(name) : this.#subscriber.unsubscribe(name)
    ended.catch((error: unknown) => this.#noteFailure(error))
  }

  onChange (listener: (isUp: boolean) => void) {
    this.#listeners.push(listener)
  }

  close () {
    this.#closing = true
    clearInterval(this.#heartbeatTimer)
    this.#subscriptions.clear()
    this.#publications.endTick()
    // Both end their streams, so that buffered bytes are sent first.
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
    return Promise.resolve()
  }

  #name (channel: string) {
    return this.#prefix + channel
  }

  /** Subscribes to one channel. The promise is shared with later callers, unless it fails. */
  #request (channel: string, subscription: Subscription): Promise<void> {
    // A node of a Cluster may refuse a channel whose slot has moved, which says nothing of the others.
    const acknowledged = this.#isSharded ? this.#acknowledgement([channel]) : this.#requestTogether(channel)
    acknowledged.catch(() => {
      if (subscription.acknowledged === acknowledged) subscription.acknowledged = undefined
    })
    return acknowledged
  }

  #requestTogether (channel: string): Promise<void> {
    if (this.#requested === undefined) {
      const channels = new Set<string>()
      this.#requested = { channels, acknowledged: this.#acknowledgeRequested(channels) }
    }
    this.#requested.channels.add(channel)
    return this.#requested.acknowledged
  }

  async #acknowledgeRequested (channels: Set<string>): Promise<void> {
    await endOfTurn()
    this.#requested = undefined
    const wanted = [...channels].filter((channel) => this.#subscriptions.has(channel))
    if (wanted.length > 0) await this.#acknowledgement(wanted)
  }

  async #acknowledgement (channels: string[]): Promise<void> {
    if (this.#subscriber.status !== 'ready') throw new BusDownError('The bus is down.')
    try {
      await inTime(this.#subscribeTo(channels.map((channel) => this.#name(channel))))
    } catch (error) {
      this.#onRefused()
      throw error instanceof BusDownError ? error : new BusDownError('The bus is down.', { cause: error })
    }
  }

  /** The publisher receives no answers, but it goes to the same server. */
  async #checkAnswer (): Promise<void> {
    if (!this.#isUp) return
    try {
      await inTime(this.#subscriber.ping())
    } catch (error) {
      if (this.#closing) return
      this.#noteFailure(error)
      this.#publisher.disconnect(true)
      this.#subscriber.disconnect(true)
    }
  }

  /** The channels of one SSUBSCRIBE must share a slot, which two channels seldom do. */
  async #subscribeTo (names: string[]): Promise<void> {
    if (this.#isSharded) await Promise.all(names.map((name) => this.#subscriber.ssubscribe(name)))
    else await this.#subscriber.subscribe(...names)
  }

  #startOver (): void {
    this.#onRefused()
    this.#subscriber.disconnect(true)
  }

  async #comeUp (): Promise<void> {
    if (this.#isUp || !this.#isConnected()) return
    try {
      const wanted = [...this.#subscriptions.keys()]
      for (let index = 0; index < wanted.length; index += RENEWAL_CHUNK) {
        const chunk = wanted.slice(index, index + RENEWAL_CHUNK)
        const acknowledged = this.#acknowledgement(chunk)
        for (const channel of chunk) {
          const subscription = this.#subscriptions.get(channel)
          if (subscription !== undefined) subscription.acknowledged = acknowledged
        }
        await acknowledged
      }
    } catch {
      // Without all subscriptions the bus is not up: start over with a new connection.
      this.#subscriber.disconnect(true)
      return
    }
    // Both connections may have been lost and restored in the meantime, or found ready twice.
    if (this.isUp || !this.#isConnected()) return
    this.#isUp = true
    this.#announcedDown = false
    for (const listener of this.#listeners) listener(true)
  }

  #isConnected () {
    return this.#publisher.status === 'ready' && this.#subscriber.status === 'ready'
  }

  #goDown () {
    if (!this.#isUp) return
    this.#isUp = false
    if (this.#closing) return
    for (const listener of this.#listeners) listener(false)
  }

  /** Logs one line per outage: while Redis is away every attempt to reconnect fails. */
  #noteFailure (error: unknown) {
    if (this.#closing || this.#announcedDown) return
    this.#announcedDown = true
    this.#log.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      `${this.description} fails; messages are read from the store until it is back`
    )
  }
}

/** @throws {BusDownError} when it takes too long */
async function inTime (answer: Promise<unknown>): Promise<void> {
  await withDeadline(answer, ANSWER_TIMEOUT_MS, new BusDownError('The bus does not answer.'))
}
