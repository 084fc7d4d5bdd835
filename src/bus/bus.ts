/**
 * The bus port: messages between replicas, on named channels.
 *
 * **Guarantee.** A hint, at most once by design: a published payload may arrive once, twice, late or never, and
 * payloads of two publishers in any order. Payloads of one publisher on one channel arrive in order while the bus stays
 * up. The publisher also receives its own payloads, except those that the bus can recognise ({@link EchoTest}). A
 * subscriber that must not miss anything compares with the store, which is the truth, at intervals and whenever {@link
 * Bus.onChange} reports that the bus was away.
 *
 * Adapters: `redis.ts` (all replicas) and `memory.ts` (this process only).
 */
export type Bus = {
  /** What it runs on, for the log; contains no credential. */
  readonly description: string
  /** Whether a payload that is published now can be expected to arrive, with every subscription acknowledged. */
  readonly isUp: boolean
  /** Why it is not up, in words for the operator without an address, if there is more to say. */
  readonly downReason?: string | undefined
  /** Number of payloads that could not be sent, since the start. */
  readonly dropped: number
  /** Sends a payload to the channel's subscribers; never waits and never throws. */
  publish: (channel: string, payload: Buffer) => void
  /**
   * Adds a handler to a channel. Resolves when everything that is published from now on can be expected to arrive:
   * after the server's acknowledgement, for every caller and not just the channel's first. When that is not possible
   * now it rejects with {@link BusDownError}; the handler stays and is subscribed as soon as the bus is back.
   */
  subscribe: (channel: string, handler: BusHandler) => Promise<void>
  /** Removes a handler from a channel; removing the last one ends the subscription. */
  unsubscribe: (channel: string, handler: BusHandler) => void
  /** Calls `listener` when the bus goes down, and when it is up again with all subscriptions. */
  onChange: (listener: (isUp: boolean) => void) => void
  close: () => Promise<void>
}

/**
 * Receives a payload of a channel. It must not throw, and must treat the bytes as untrusted: other clients can write to
 * a Redis.
 */
export type BusHandler = (payload: Buffer, channel: string) => void

/**
 * Whether a payload was published by this replica and can be dropped. That is half of what arrives, or all of it with
 * one replica, and it is decided before any subscriber is looked up. It must not throw.
 */
export type EchoTest = (payload: Buffer) => boolean

/** A subscription could not be acknowledged now. */
export class BusDownError extends Error {
  override readonly name = 'BusDownError'
}
