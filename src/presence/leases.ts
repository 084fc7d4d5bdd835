/**
 * The presence port: which users have sockets, over all replicas.
 *
 * **Guarantee.** Each replica enters the users that have sockets on it, and holds one lease for all of them, which it
 * renews. A user is found while some replica with a valid lease has entered the user, so what a dead replica has
 * entered ends with its lease. An answer may be older than a change that is under way at the same time; it is never
 * older than an entry whose promise has resolved. Entries can be lost with the storage: {@link PresenceLeases.renew}
 * returns their number, and the replica then enters its users again.
 *
 * Every method rejects when the storage does not answer: then nothing is known of users on other replicas.
 *
 * Adapters: `redis.ts` (all replicas) and `memory.ts` (this process only).
 */
export type PresenceLeases = {
  /**
   * Enters users who have come, and removes those who have left.
   * @param left when each was last here, in milliseconds since 1970
   */
  update: (entered: readonly number[], left: ReadonlyMap<number, number>) => Promise<void>
  /** Replaces all that this replica has entered. */
  replace: (userIds: readonly number[]) => Promise<void>
  /** Renews the lease of this replica. */
  renew: () => Promise<Renewal>
  /** Which of these users are on any replica, and when the others were last. */
  find: (userIds: readonly number[]) => Promise<ReadonlyMap<number, Sighting>>
  /**
   * Has the lease of this replica end after a time in milliseconds, unless it is renewed.
   * @param left as for {@link PresenceLeases.update}; they stay until the lease ends
   */
  release: (afterMs: number, left: ReadonlyMap<number, number>) => Promise<void>
  close: () => void
}

/** The valid leases after a renewal, as a text that changes with them, and the number of users entered here. */
export type Renewal = { replicas: string, entered: number }

/** Whether a user is on a replica. `lastSeenAt` is in milliseconds since 1970, if it is known. */
export type Sighting = { isOnline: boolean, lastSeenAt: number | undefined }

/** Users who are remembered after they have left; beyond it those who left first are forgotten. */
export const MAX_REMEMBERED_USERS = 100_000
