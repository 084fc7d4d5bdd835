/** A bus that loses, doubles, delays and reorders what is published on it. */
import type { Bus } from '../../../src/bus/bus.ts'
import type { Random } from '../data/random.ts'

/**
 * What becomes of a payload: the delays of its copies in milliseconds. None loses it; undefined passes it on as it is.
 */
export type Fate = readonly number[] | undefined

/** Puts the fates between a replica and its bus. */
export function withFaults (bus: Bus, fateOf: (channel: string) => Fate): Bus {
  return {
    description: bus.description,
    get isUp () {
      return bus.isUp
    },
    get dropped () {
      return bus.dropped
    },
    publish (channel, payload) {
      const fate = fateOf(channel)
      if (fate === undefined) bus.publish(channel, payload)
      else for (const delay of fate) setTimeout(() => bus.publish(channel, payload), delay).unref()
    },
    subscribe: (channel, handler) => bus.subscribe(channel, handler),
    unsubscribe: (channel, handler) => bus.unsubscribe(channel, handler),
    onChange: (listener) => bus.onChange(listener),
    close: () => bus.close()
  }
}

/** Whether a channel carries the messages of a chat. Before its own name it has that of the installation. */
export function isChatChannel (channel: string): boolean {
  return /(^|:)chat:\d+$/.test(channel)
}

/** Whether a channel carries the ends of sessions and memberships. */
export function isInvalidationsChannel (channel: string): boolean {
  return /(^|:)events$/.test(channel)
}

/** Whether a channel carries what is new of a user. */
export function isUserChannel (channel: string): boolean {
  return /(^|:)user:\d+$/.test(channel)
}

/** Anything may happen to a payload: lost, doubled, late, out of order, or nothing at all. */
export function anyFate (random: Random, maxDelayMs: number): Fate {
  if (random.chance(0.3)) return []
  const delay = () => (random.chance(0.5) ? 0 : random.integer(1, maxDelayMs))
  return random.chance(0.3) ? [delay(), delay()] : [delay()]
}
