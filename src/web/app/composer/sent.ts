/** How much was sent from each place, so that its timeline shows what was written there. */
import { type Signal, signal } from '@preact/signals'

const counts = new Map<string, Signal<number>>()

/** The number of messages that were sent from a place. @param key see `draftKey` */
export function sentFrom (key: string): Signal<number> {
  let count = counts.get(key)
  if (count === undefined) counts.set(key, count = signal(0))
  return count
}
