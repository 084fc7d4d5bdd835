/**
 * Adapter: a bus inside this process. It loses nothing, reaches no other replica, and so counts as down while there is
 * one.
 */
import type { Bus, BusHandler, EchoTest } from './bus.ts'

const NOT_ALONE = 'another replica uses the same database, and no bus connects them: set REDIS_URL'

/** Opens a bus for one replica. @param isAlone whether there is no other one */
export function createMemoryBus (isEcho: EchoTest = () => false, isAlone: () => boolean = () => true): Bus {
  const handlers = new Map<string, Set<BusHandler>>()
  return {
    description: 'events inside this process',
    get isUp () {
      return isAlone()
    },
    get downReason () {
      return isAlone() ? undefined : NOT_ALONE
    },
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
