/**
 * The bus port: events between replicas, on named channels.
 *
 * **Guarantee.** A hint, at most once: a payload that was published may arrive once, twice, late or never, and those of
 * two publishers in any order. Those of one publisher on one channel arrive in order while the bus stays up. The
 * publisher hears itself, but for payloads that the bus was told how to recognise ({@link EchoTest}). Whoever must not
 * miss anything compares with the store, which is the truth, at intervals and whenever {@link Bus.onChange} says that
 * the bus was away.
 *
 * Adapters: `redis.ts` (all replicas) and `memory.ts` (this process only).
 */
export type Bus = {
  /** What it runs on, for the log: never a credential. */
  readonly description: string
  /** Whether what is published now can be expected to arrive, and every subscription is acknowledged. */
  readonly isUp: boolean
  /** How many payloads could not even be sent, since the start. */
  readonly dropped: number
  /** Sends a payload to the channel's subscribers; never waits and never throws. */
  publish: (channel: string, payload: Buffer) => void
  /**
   * Adds a handler to a channel. Resolves when everything that is published from now on can be expected to arrive,
   * which is after the server's acknowledgement, for every caller and not just the channel's first. When that cannot
   * be had now it rejects with {@link BusDownError}; the handler stays and is subscribed as soon as the bus is back.
   */
  subscribe: (channel: string, handler: BusHandler) => Promise<void>
  /** Takes a handler off a channel; the last one ends the subscription. */
  unsubscribe: (channel: string, handler: BusHandler) => void
  /** Calls back when the bus goes down or has come up again, all subscriptions included. */
  onChange: (listener: (isUp: boolean) => void) => void
  close: () => Promise<void>
}

/**
 * Receives a payload of a channel. It must not throw, and must treat the bytes as untrusted: others can write to a
 * Redis.
 */
export type BusHandler = (payload: Buffer, channel: string) => void

/**
 * Whether a payload is one that this replica has published and need not hear: half of what comes in, or all of it where
 * there is one replica, and told before anybody is looked for who might want it. It must not throw.
 */
export type EchoTest = (payload: Buffer) => boolean

/** A subscription could not be acknowledged now. */
export class BusDownError extends Error {
  override readonly name = 'BusDownError'
}
