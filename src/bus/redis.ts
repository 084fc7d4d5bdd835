/**
 * Adapter: Redis pub/sub by ioredis, one connection to publish and one to subscribe.
 *
 * The publishing connection is told not to reply (`CLIENT REPLY OFF`), and what is published in one turn of the event
 * loop is written to it as bytes, at once: a command object, a promise and a write of its own for each payload would
 * cost four times what the payload does. A hint needs no answer, and a connection that breaks says so by closing.
 *
 * Subscriptions are renewed by hand after a reconnect, since ioredis does not tell when its own renewal is
 * acknowledged, and only then may the bus call itself up.
 */
import { Redis, type RedisOptions } from 'ioredis'
import { type Bus, BusDownError, type BusHandler } from './bus.ts'

const RETRY_DELAY_MS = 250
const SUBSCRIBE_TIMEOUT_MS = 2_000
const OPEN_TIMEOUT_MS = 5_000
/** Channels named in one SUBSCRIBE when many are renewed at once. */
const RENEWAL_CHUNK = 500

/** Bytes that may wait for a Redis that does not read; beyond them hints are dropped, as they may be. */
const MAX_UNSENT_BYTES = 16_777_216

const END_OF_LINE = Buffer.from('\r\n')

/** `acknowledged` is undefined after an attempt that failed: the next caller asks again. */
type Subscription = { handlers: Set<BusHandler>, acknowledged: Promise<void> | undefined }

/** Where Redis is, and the first part of every channel's name. */
export type RedisBusOptions = { url: string, prefix: string, log: { warn: (details: object, message: string) => void } }

/**
 * Connects to Redis. Resolves as soon as both connections are up, or failed once: the bus then comes up by itself.
 */
export async function openRedisBus (options: RedisBusOptions): Promise<Bus> {
  const bus = new RedisBus(options)
  await bus.open()
  return bus
}

/** The options that every Redis connection of Confab shares. */
export function connectRedis (url: string, name: string, options: Pick<RedisOptions, 'commandTimeout'> = {}): Redis {
  return new Redis(url, {
    connectionName: `confab-${name}`,
    lazyConnect: true,
    // Whatever cannot be sent now is of no use later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: 5_000,
    retryStrategy: () => RETRY_DELAY_MS,
    ...options
  })
}

class RedisBus implements Bus {
  readonly description: string
  #isUp = false
  readonly #publisher: Redis
  readonly #subscriber: Redis
  readonly #prefix: string
  #outgoing: Buffer[] = []
  readonly #log: RedisBusOptions['log']
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #listeners: ((isUp: boolean) => void)[] = []
  #closing = false
  #announcedDown = false

  constructor ({ url, prefix, log }: RedisBusOptions) {
    const { hostname, port } = new URL(url)
    this.description = `Redis ${hostname}:${port === '' ? '6379' : port}`
    this.#prefix = prefix
    this.#log = log
    this.#publisher = connectRedis(url, 'publisher')
    this.#subscriber = connectRedis(url, 'subscriber')
    this.#publisher.on('ready', () => {
      // The connection never answers this either, so the promise ends with the connection.
      this.#publisher.client('REPLY', 'OFF').catch(() => undefined)
    })
    for (const connection of [this.#publisher, this.#subscriber]) {
      connection.on('ready', () => void this.#comeUp())
      connection.on('close', () => this.#goDown())
      connection.on('error', (error: Error) => this.#noteFailure(error))
    }
    const prefixBytes = Buffer.byteLength(prefix)
    this.#subscriber.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
      const name = channel.toString('utf8', prefixBytes)
      for (const handler of this.#subscriptions.get(name)?.handlers ?? []) handler(payload, name)
    })
  }

  get isUp () {
    return this.#isUp
  }

  async open () {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise((resolve) => { timer = setTimeout(resolve, OPEN_TIMEOUT_MS) })
    // A server that takes connections and says nothing must not hold up the start.
    await Promise.race([timeout, Promise.allSettled([this.#publisher.connect(), this.#subscriber.connect()])])
    clearTimeout(timer)
    await this.#comeUp()
  }

  publish (channel: string, payload: Buffer) {
    if (this.#publisher.status !== 'ready') return
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#send())
    const name = this.#name(channel)
    const head = `*3\r\n$7\r\nPUBLISH\r\n$${String(Buffer.byteLength(name))}\r\n${name}\r\n$${String(payload.length)}\r\n`
    this.#outgoing.push(Buffer.from(head), payload, END_OF_LINE)
  }

  #send () {
    const bytes = Buffer.concat(this.#outgoing)
    this.#outgoing = []
    const { stream, status } = this.#publisher
    if (status === 'ready' && stream.writableLength < MAX_UNSENT_BYTES) stream.write(bytes)
  }

  async subscribe (channel: string, handler: BusHandler) {
    let subscription = this.#subscriptions.get(channel)
    if (subscription === undefined) {
      subscription = { handlers: new Set(), acknowledged: undefined }
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
    this.#subscriber.unsubscribe(this.#name(channel)).catch((error: unknown) => this.#noteFailure(error))
  }

  onChange (listener: (isUp: boolean) => void) {
    this.#listeners.push(listener)
  }

  close () {
    this.#closing = true
    this.#subscriptions.clear()
    if (this.#outgoing.length > 0) this.#send()
    // Both end their streams, which lets what is written leave first.
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
    return Promise.resolve()
  }

  #name (channel: string) {
    return this.#prefix + channel
  }

  /** Asks for one channel. The promise is kept for later callers, unless it fails. */
  #request (channel: string, subscription: Subscription): Promise<void> {
    const acknowledged = this.#acknowledgement([channel])
    acknowledged.catch(() => {
      if (subscription.acknowledged === acknowledged) subscription.acknowledged = undefined
    })
    return acknowledged
  }

  async #acknowledgement (channels: string[]): Promise<void> {
    if (this.#subscriber.status !== 'ready') throw new BusDownError('The bus is down.')
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new BusDownError('The bus does not answer.')), SUBSCRIBE_TIMEOUT_MS)
    })
    try {
      await Promise.race([this.#subscriber.subscribe(...channels.map((channel) => this.#name(channel))), timeout])
    } catch (error) {
      throw error instanceof BusDownError ? error : new BusDownError('The bus is down.', { cause: error })
    } finally {
      clearTimeout(timer)
    }
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
    // Both connections may have come and gone meanwhile, or have been found ready twice.
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

  /** One line per outage: while Redis is away every attempt to reconnect fails. */
  #noteFailure (error: unknown) {
    if (this.#closing || this.#announcedDown) return
    this.#announcedDown = true
    this.#log.warn({ reason: error instanceof Error ? error.message : String(error) }, `${this.description} fails; messages are read from the store until it is back`)
  }
}
