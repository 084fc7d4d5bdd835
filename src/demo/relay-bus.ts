/**
 * The bus of the demo: payloads go to the other replicas through the process that has started them, instead of through
 * Redis. Enough for one machine, whose replicas come and go with that process.
 */
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'

/** A payload on its way from one replica to the others. */
export type Relayed = { readonly type: 'bus', readonly channel: string, readonly payload: Uint8Array }

/** Whether a message of a process is one. */
export function isRelayed (message: unknown): message is Relayed {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'bus'
}

/**
 * Creates a bus.
 * @param send sends to the process that relays
 * @param onMessage calls a listener with what comes from there
 */
export function createRelayBus (
  send: (message: Relayed) => void, onMessage: (listener: (message: unknown) => void) => void
): Bus {
  const inside = createMemoryBus()
  onMessage((message) => {
    if (isRelayed(message)) inside.publish(message.channel, Buffer.from(message.payload))
  })
  return {
    ...inside,
    description: 'events through the demo',
    publish: (channel, payload) => send({ type: 'bus', channel, payload })
  }
}
