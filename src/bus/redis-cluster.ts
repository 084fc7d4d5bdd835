/**
 * A bus on a Redis Cluster by sharded pub/sub (Redis 7): a link to every master, and each channel on the link of the
 * master that owns its slot, so that a payload passes through one node instead of all.
 *
 * When slots move, their channels follow. The bus is up only while every channel is acknowledged on the right link; a
 * publisher that has not yet noticed a move loses hints to the old owner, which the store makes up for.
 */
import calculateSlot from 'cluster-key-slot'
import type { Cluster } from 'ioredis'
import { type Bus, BusDownError, type BusHandler, type EchoTest } from './bus.ts'
import { describeRedis, type RedisAddress } from '../lib/redis/address.ts'
import { connectRedis, connectRedisCluster } from '../lib/redis/connection.ts'
import { type BusLog, RedisPubSub } from './redis-pubsub.ts'

const SLOTS = 16_384
const OPEN_TIMEOUT_MS = 5_000

/** `link` is undefined while the owner of the channel's slot is unknown. */
type Channel = { handlers: Set<BusHandler>, hear: BusHandler, link: RedisPubSub | undefined, placed: Promise<void> }

/** A bus on a Cluster. */
export class RedisClusterBus implements Bus {
  readonly description: string
  readonly #address: RedisAddress
  readonly #prefix: string
  readonly #isEcho: EchoTest | undefined
  readonly #log: BusLog
  readonly #cluster: Cluster
  /** By `host:port`. */
  readonly #links = new Map<string, RedisPubSub>()
  readonly #channels = new Map<string, Channel>()
  /** Channels that are being moved to the right link. */
  readonly #moving = new Set<string>()
  readonly #listeners: ((isUp: boolean) => void)[] = []
  #isUp = false
  /** Payloads of slots without a known owner, or of closed links. */
  #dropped = 0
  #closed = false

  /** @param options the same as those of `openRedisBus` */
  constructor ({
    address,
    prefix,
    isEcho,
    log
  }: {
    address: RedisAddress
    prefix: string
    isEcho?: EchoTest | undefined
    log: BusLog
  }) {
    this.description = describeRedis(address)
    this.#address = address
    this.#prefix = prefix
    this.#isEcho = isEcho
    this.#log = log
    this.#cluster = connectRedisCluster(address, 'topology')
    this.#cluster.on('refresh', () => this.#follow())
    // The links report outages.
    this.#cluster.on('error', () => undefined)
  }

  get isUp () {
    return this.#isUp
  }

  get dropped () {
    return [...this.#links.values()].reduce((sum, link) => sum + link.dropped, this.#dropped)
  }

  /** Resolves when every link is up or has failed once. */
  async open () {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, OPEN_TIMEOUT_MS)
    })
    const known = this.#cluster.connect().catch((error: unknown) => {
      this.#log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        `${this.description} fails; messages are read from the store until it is back`
      )
    })
    await Promise.race([
      timeout,
      known.then(() => new Promise<void>((resolve) => (this.isUp ? resolve() : this.#listeners.push(() => resolve()))))
    ])
    clearTimeout(timer)
  }

  publish (channel: string, payload: Buffer) {
    const link = this.#channels.get(channel)?.link ?? this.#ownerOf(channel)
    if (link === undefined) this.#dropped++
    else link.publish(channel, payload)
  }

  async subscribe (name: string, handler: BusHandler) {
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      const handlers = new Set<BusHandler>()
      const hear: BusHandler = (payload) => {
        for (const each of handlers) each(payload, name)
      }
      this.#channels.set(name, (channel = { handlers, hear, link: undefined, placed: Promise.resolve() }))
      this.#place(name, channel)
    }
    channel.handlers.add(handler)
    await channel.placed
    if (channel.link === undefined) throw new BusDownError('No node has the slot of this channel.')
    // For every caller, also after a link has come up again.
    await channel.link.subscribe(name, channel.hear)
  }

  unsubscribe (name: string, handler: BusHandler) {
    const channel = this.#channels.get(name)
    if (channel?.handlers.delete(handler) !== true || channel.handlers.size > 0) return
    this.#channels.delete(name)
    this.#moving.delete(name)
    channel.link?.unsubscribe(name, channel.hear)
    this.#update()
  }

  onChange (listener: (isUp: boolean) => void) {
    this.#listeners.push(listener)
  }

  async close () {
    this.#closed = true
    this.#channels.clear()
    this.#update()
    await Promise.all([...this.#links.values()].map((link) => link.close()))
    this.#cluster.disconnect()
  }

  #ownerOf (channel: string): RedisPubSub | undefined {
    const [node] = this.#cluster.slots[calculateSlot(this.#prefix + channel)] ?? []
    return node === undefined ? undefined : this.#links.get(node)
  }

  /** Matches links and channels to the current owners of the slots. */
  #follow () {
    if (this.#closed) return
    const masters = new Set(this.#cluster.slots.map(([node]) => node).filter((node) => node !== undefined))
    for (const [node, link] of this.#links) {
      if (masters.has(node)) continue
      this.#links.delete(node)
      this.#dropped += link.dropped
      void link.close()
    }
    for (const node of masters) if (!this.#links.has(node)) this.#links.set(node, this.#connect(node))
    for (const [name, channel] of this.#channels) {
      if (channel.link === undefined || channel.link !== this.#ownerOf(name)) this.#place(name, channel)
    }
    this.#update()
  }

  #connect (node: string): RedisPubSub {
    const colon = node.lastIndexOf(':')
    const address: RedisAddress = {
      ...this.#address,
      kind: 'single',
      nodes: [{ host: node.slice(0, colon), port: Number(node.slice(colon + 1)) }]
    }
    const link = new RedisPubSub({
      connect: (name) => connectRedis(address, name),
      description: describeRedis(address),
      prefix: this.#prefix,
      isSharded: true,
      isEcho: this.#isEcho,
      onRefused: () => this.#refresh(),
      log: this.#log
    })
    link.onChange((isUp) => {
      if (!isUp) this.#refresh()
      this.#update()
    })
    void link.open()
    return link
  }

  /** Moves a channel to the link of its slot. A failure is retried at the next refresh of the slots. */
  #place (name: string, channel: Channel) {
    const link = this.#ownerOf(name)
    // A first subscription is awaited by its caller; a channel that was subscribed and is not now leaves a gap.
    if (channel.link !== undefined || link === undefined) this.#moving.add(name)
    channel.link?.unsubscribe(name, channel.hear)
    channel.link = link
    this.#update()
    if (link !== undefined) channel.placed = this.#subscribeOn(link, name, channel)
  }

  async #subscribeOn (link: RedisPubSub, name: string, channel: Channel): Promise<void> {
    const isCurrent = () => this.#channels.get(name) === channel && channel.link === link
    try {
      await link.subscribe(name, channel.hear)
      if (isCurrent()) this.#moving.delete(name)
    } catch {
      if (isCurrent() && link.isUp) {
        // Refused by a link that is up: the slot has moved away.
        link.unsubscribe(name, channel.hear)
        channel.link = undefined
        this.#moving.add(name)
        // A link that is down subscribes by itself when it is back.
      } else if (isCurrent()) this.#moving.delete(name)
    }
    this.#update()
  }

  #refresh () {
    if (!this.#closed) this.#cluster.refreshSlotsCache()
  }

  #update () {
    const isUp = !this.#closed && this.#moving.size === 0 && this.#isComplete()
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    if (!this.#closed) for (const listener of this.#listeners) listener(isUp)
  }

  #isComplete (): boolean {
    const { slots } = this.#cluster
    return slots.length === SLOTS && this.#links.size > 0 && [...this.#links.values()].every((link) => link.isUp)
  }
}
