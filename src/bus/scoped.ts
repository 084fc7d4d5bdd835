/**
 * A bus for one of several installations: every channel gets a prefix. The prefix is the epoch of the data, so it may
 * change; {@link ScopedBus.rescope} then moves the subscriptions.
 */
import type { Bus, BusHandler } from './bus.ts'

/** `name` is the channel on the underlying bus; each handler is subscribed there as the mapped function. */
type Channel = { name: string, handlers: Map<BusHandler, BusHandler> }

/** Adds a scope to another bus. */
export class ScopedBus implements Bus {
  readonly #bus: Bus
  readonly #scope: () => string
  /** Channels with handlers; composing a name for each payload would cost as much as publishing it. */
  readonly #channels = new Map<string, Channel>()

  /** @param scope returns the current prefix of every channel */
  constructor (bus: Bus, scope: () => string) {
    this.#bus = bus
    this.#scope = scope
  }

  get description () {
    return this.#bus.description
  }

  get isUp () {
    return this.#bus.isUp
  }

  get downReason () {
    return this.#bus.downReason
  }

  get dropped () {
    return this.#bus.dropped
  }

  publish (channel: string, payload: Buffer) {
    this.#bus.publish(this.#channels.get(channel)?.name ?? this.#nameOf(channel), payload)
  }

  async subscribe (channel: string, handler: BusHandler) {
    const { name, handlers } = this.#open(channel)
    const inner = handlers.get(handler) ?? ((payload) => handler(payload, channel))
    handlers.set(handler, inner)
    await this.#bus.subscribe(name, inner)
  }

  unsubscribe (channel: string, handler: BusHandler) {
    const known = this.#channels.get(channel)
    const inner = known?.handlers.get(handler)
    if (known === undefined || inner === undefined) return
    known.handlers.delete(handler)
    if (known.handlers.size === 0) this.#channels.delete(channel)
    this.#bus.unsubscribe(known.name, inner)
  }

  onChange (listener: (isUp: boolean) => void) {
    this.#bus.onChange(listener)
  }

  /**
   * Moves every subscription to the current scope. Those that the bus cannot acknowledge now follow when it is back.
   */
  rescope (): void {
    for (const [channel, known] of this.#channels) {
      const name = this.#nameOf(channel)
      if (name === known.name) continue
      for (const inner of known.handlers.values()) {
        this.#bus.unsubscribe(known.name, inner)
        this.#bus.subscribe(name, inner).catch(() => undefined)
      }
      known.name = name
    }
  }

  async close () {
    this.#channels.clear()
    await this.#bus.close()
  }

  #nameOf (channel: string): string {
    return `${this.#scope()}:${channel}`
  }

  #open (channel: string): Channel {
    const known = this.#channels.get(channel) ?? { name: this.#nameOf(channel), handlers: new Map() }
    this.#channels.set(channel, known)
    return known
  }
}
