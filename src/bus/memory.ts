/**
 * Adapter: a bus inside this process. It reaches no other replica, is always up and loses nothing.
 */
import type { Bus, BusHandler, EchoTest } from './bus.ts'

/** Opens a bus for one replica. */
export function createMemoryBus (isEcho: EchoTest = () => false): Bus {
  const handlers = new Map<string, Set<BusHandler>>()
  return {
    description: 'events inside this process',
    isUp: true,
    dropped: 0,
    publish (channel, payload) {
      if (isEcho(payload)) return
      // Asynchronous, as over a network: a handler must never run inside the publisher's call.
      setImmediate(() => {
        for (const handler of handlers.get(channel) ?? []) handler(payload, channel)
      })
    },
    subscribe (channel, handler) {
      handlers.set(channel, (handlers.get(channel) ?? new Set()).add(handler))
      return Promise.resolve()
    },
    unsubscribe (channel, handler) {
      const rest = handlers.get(channel)
      if (rest?.delete(handler) === true && rest.size === 0) handlers.delete(channel)
    },
    onChange: () => undefined,
    close () {
      handlers.clear()
      return Promise.resolve()
    }
  }
}
