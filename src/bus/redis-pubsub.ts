/**
 * Pub/sub on one Redis server by ioredis, with one connection to publish and one to subscribe.
 *
 * The publishing connection turns replies off (`CLIENT REPLY OFF`), and everything that is published in one turn of the
 * event loop is written to it as bytes at once: a command object, a promise and a write for each payload would cost
 * four times what the payload does. A hint needs no answer, and a broken connection closes.
 *
 * Subscriptions are renewed by hand after a reconnect, since ioredis does not report when its own renewal is
 * acknowledged, and only then is the bus up again.
 */
import type { Redis } from 'ioredis'
import { withDeadline } from '../lib/deadline.ts'
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import { type Bus, BusDownError, type BusHandler, type EchoTest } from './bus.ts'
import { readMessages } from '../lib/redis/message-reader.ts'
import { WriteBuffer } from '../lib/redis/write-buffer.ts'

const ANSWER_TIMEOUT_MS = 2_000
/** How often the server must answer, so that a silent one does not count as up. */
const BEAT_INTERVAL_MS = 3_000
const OPEN_TIMEOUT_MS = 5_000
/** Channels per SUBSCRIBE command when many are renewed. */
const RENEWAL_CHUNK = 500

/** Bytes that may wait for a Redis that does not read; beyond that hints are dropped, which their guarantee allows. */
const MAX_UNSENT_BYTES = 16_777_216

const END_OF_LINE = Buffer.from('\r\n')

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
export class RedisPubSub implements Bus, Flushable {
  readonly description: string
  #isUp = false
  #dropped = 0
  readonly #isSharded: boolean
  /** A PUBLISH command, up to the length of the channel's name. */
  readonly #publish: string
  readonly #onRefused: () => void
  readonly #publisher: Redis
  readonly #subscriber: Redis
  readonly #prefix: string
  /** Commands that are sent at the end of this turn, and their number. */
  readonly #outgoing = new WriteBuffer()
  #outgoingCount = 0
  readonly #log: BusLog
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #listeners: ((isUp: boolean) => void)[] = []
  #closing = false
  #announcedDown = false
  readonly #heartbeatTimer: NodeJS.Timeout

  constructor ({ connect, description, prefix, isSharded, isEcho = () => false, onRefused, log }: RedisLinkOptions) {
    this.description = description
    this.#prefix = prefix
    this.#isSharded = isSharded
    this.#publish = isSharded ? '*3\r\n$8\r\nSPUBLISH\r\n$' : '*3\r\n$7\r\nPUBLISH\r\n$'
    this.#onRefused = onRefused ?? (() => undefined)
    this.#log = log
    this.#publisher = connect('publisher')
    this.#subscriber = connect('subscriber')
    this.#publisher.on('ready', () => {
      // The connection never answers this command either, so the promise settles when the connection ends.
      this.#publisher.client('REPLY', 'OFF').catch(() => undefined)
    })
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
    return this.#dropped
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
    if (this.#publisher.status !== 'ready') {
      this.#dropped++
      return
    }
    if (this.#outgoingCount++ === 0) flushAtEndOfTick(this)
    this.#outgoing.addText(this.#subscriptions.get(channel)?.publication ?? this.#publicationTo(channel))
    this.#outgoing.addText(`${String(payload.length)}\r\n`)
    this.#outgoing.addBytes(payload)
    this.#outgoing.addBytes(END_OF_LINE)
  }

  /** A PUBLISH command to a channel, up to the length of the payload. */
  #publicationTo (channel: string): string {
    const name = this.#name(channel)
    return `${this.#publish}${String(Buffer.byteLength(name))}\r\n${name}\r\n$`
  }

  /** Sends what was published in this turn. */
  endTick () {
    if (this.#outgoingCount === 0) return
    const { stream, status } = this.#publisher
    if (status === 'ready' && stream.writableLength < MAX_UNSENT_BYTES) this.#outgoing.writeTo(stream)
    else {
      this.#dropped += this.#outgoingCount
      this.#outgoing.clear()
    }
    this.#outgoingCount = 0
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
    this.endTick()
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
    const acknowledged = this.#acknowledgement([channel])
    acknowledged.catch(() => {
      if (subscription.acknowledged === acknowledged) subscription.acknowledged = undefined
    })
    return acknowledged
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
