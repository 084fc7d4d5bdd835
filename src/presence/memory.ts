/** Adapter: presence on the only replica. Nothing needs a lease, and nothing is lost. */
import { MAX_REMEMBERED_USERS, type PresenceLeases } from './leases.ts'

/** Creates presence for one process. */
export function createMemoryPresence (): PresenceLeases {
  let present = new Set<number>()
  /** In the order of time. */
  const lastSeen = new Map<number, number>()

  function remember (left: ReadonlyMap<number, number>): void {
    for (const [userId, at] of left) {
      lastSeen.delete(userId)
      lastSeen.set(userId, at)
    }
    for (const userId of lastSeen.keys()) {
      if (lastSeen.size <= MAX_REMEMBERED_USERS) break
      lastSeen.delete(userId)
    }
  }

  return {
    update: async (entered, left) => {
      for (const userId of entered) present.add(userId)
      for (const userId of left.keys()) present.delete(userId)
      remember(left)
    },
    replace: async (userIds) => {
      present = new Set(userIds)
    },
    renew: async () => ({ replicas: '', entered: present.size }),
    find: async (userIds) =>
      new Map(userIds.map((userId) => [
        userId, { isOnline: present.has(userId), lastSeenAt: lastSeen.get(userId) }
      ])),
    release: async (_afterMs, left) => remember(left),
    close: () => undefined
  }
}
