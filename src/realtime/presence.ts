/**
 * Presence: who is online, which is a signal and never stored. Every authenticated socket of a user counts, on any
 * replica. A user with a socket here is entered in the leases (`presence/leases.ts`); a replica looks there for the
 * users that its own sockets watch, when a hint on their channels says that something has changed. A user without a
 * socket stays online for some seconds, so that a reload does not show.
 */
import type { Bus } from '../bus/bus.ts'
import type { PresenceLeases } from '../presence/leases.ts'
import { PresenceRegister } from './presence-register.ts'
import { type PresenceWatcher, PresenceWatches, unknownPresenceOf, type UserPresence } from './presence-watches.ts'
import { publishToUser } from './user-events.ts'

export type { PresenceStatus, PresenceWatcher, UserPresence } from './presence-watches.ts'

/** A lease is renewed so many times in its life, and at least at an interval in milliseconds. */
const [BEATS_PER_LEASE, MAX_BEAT_MS] = [8, 2_500]
/** Without a renewal for so many beats nothing is known of other replicas. */
const MISSED_BEATS = 2
/** All watched users are looked for within so many beats. */
const SWEEP_BEATS = 12
/**
 * After an outage other replicas need so many beats to enter their users again. Until then nobody is called offline,
 * and then all watched users are looked for as often.
 */
const RECOVERY_BEATS = 3

/** Dependencies of presence. Times are in milliseconds. */
export type PresenceDeps = {
  leases: PresenceLeases
  bus: Bus
  /** How long the users of a replica that has died stay online. */
  leaseMs: number
  /** How long a user stays online without a socket. */
  offlineDelayMs: number
  logger: { warn: (details: object, message: string) => void }
}

/** What sockets and faces use of presence. */
export type Presence = {
  /** Number of users who are online because of this replica, and of users who are watched here. */
  readonly size: { here: number, watched: number }
  /** A user has a first socket on this replica. */
  enter: (userId: number) => void
  /** The last socket of a user on this replica has closed. */
  leave: (userId: number) => void
  /**
   * Has a watcher told of every change of these users, from the returned presence on. Whether it may know of them is
   * for the caller to decide, also when that changes.
   */
  watch: (watcher: PresenceWatcher, userIds: readonly number[]) => Promise<UserPresence[]>
  /** Ends the watching of users, or of all users. */
  unwatch: (watcher: PresenceWatcher, userIds?: readonly number[]) => void
  /** The presence of a user that is watched here. */
  presenceOf: (userId: number) => UserPresence
  /** Those of these users who are online on any replica; those of this one alone while that is not known. */
  findOnline: (userIds: readonly number[]) => Promise<ReadonlySet<number>>
}

/** Nobody's presence is known (`PRESENCE=off`). */
export const NO_PRESENCE: Presence = {
  size: { here: 0, watched: 0 },
  enter: () => undefined,
  leave: () => undefined,
  watch: async (_watcher, userIds) => userIds.map(unknownPresenceOf),
  unwatch: () => undefined,
  presenceOf: unknownPresenceOf,
  findOnline: async () => new Set()
}

/** Presence over all replicas. */
export class SharedPresence implements Presence {
  readonly #deps: PresenceDeps
  readonly #register: PresenceRegister
  readonly #watches: PresenceWatches
  readonly #beatMs: number
  readonly #timer: NodeJS.Timeout
  readonly #startedAt = performance.now()
  #isBeating = false
  #renewedAt = -Infinity
  #replicas = ''
  #recoveryBeats = 0
  #silentBeats = 0
  #wasRenewed = false
  /** Why nothing is known, until it is logged. */
  #reason: unknown = new Error('the bus is away')
  #isLogged = false

  constructor (deps: PresenceDeps) {
    this.#deps = deps
    const { bus, leases, offlineDelayMs } = deps
    const failed = (error: unknown) => this.#failed(error)
    this.#register = new PresenceRegister({
      leases,
      offlineDelayMs,
      arrived: (userId) => this.#watches.arrived(userId),
      written: (userIds) => {
        for (const userId of userIds) publishToUser(bus, userId, { type: 'presence_changed' })
        // The bus may be down.
        this.#watches.recheck(userIds)
      },
      failed
    })
    this.#watches = new PresenceWatches({ bus, leases, isHere: (userId) => this.#register.has(userId), failed })
    bus.onChange(() => {
      this.#register.mistrust()
      this.#recoveryBeats = RECOVERY_BEATS
    })
    this.#beatMs = Math.max(1, Math.min(MAX_BEAT_MS, deps.leaseMs / BEATS_PER_LEASE))
    this.#timer = setInterval(() => void this.#beat(), this.#beatMs)
    void this.#beat()
  }

  get size (): { here: number, watched: number } {
    return { here: this.#register.size, watched: this.#watches.size }
  }

  enter (userId: number): void {
    this.#register.enter(userId)
  }

  leave (userId: number): void {
    this.#register.leave(userId)
  }

  watch (watcher: PresenceWatcher, userIds: readonly number[]): Promise<UserPresence[]> {
    return this.#watches.watch(watcher, userIds)
  }

  unwatch (watcher: PresenceWatcher, userIds?: readonly number[]): void {
    this.#watches.unwatch(watcher, userIds)
  }

  presenceOf (userId: number): UserPresence {
    return this.#watches.presenceOf(userId)
  }

  async findOnline (userIds: readonly number[]): Promise<ReadonlySet<number>> {
    const sightings = await this.#deps.leases.find(userIds).catch(() => undefined)
    return new Set(userIds.filter((userId) =>
      this.#register.has(userId) || sightings?.get(userId)?.isOnline === true))
  }

  /** Ends it, when the sockets of this replica are closed. */
  async close (): Promise<void> {
    clearInterval(this.#timer)
    this.#watches.close()
    // Without Redis the lease ends by itself.
    await this.#register.close().catch(() => undefined)
    this.#deps.leases.close()
  }

  /** Renews the lease, and looks for users whose hints may have been lost. */
  async #beat (): Promise<void> {
    if (this.#isBeating) return
    this.#isBeating = true
    const overdueMs = MISSED_BEATS * this.#beatMs
    try {
      const { replicas, entered } = await this.#deps.leases.renew()
      await this.#register.restore(entered)
      // Hints are lost: what was found may be out of date.
      if (this.#deps.bus.isUp) {
        if (replicas !== this.#replicas || performance.now() - this.#renewedAt > overdueMs)
          this.#recoveryBeats = RECOVERY_BEATS
        this.#renewedAt = performance.now()
        this.#replicas = replicas
        this.#isLogged = false
      }
    } catch (error) {
      this.#failed(error)
    }
    const isRenewed = performance.now() - this.#renewedAt <= overdueMs
    if (!isRenewed && performance.now() - this.#startedAt > overdueMs) this.#logOutage()
    if (isRenewed) this.#silentBeats = Math.max(0, this.#silentBeats - 1)
    else if (this.#wasRenewed) this.#silentBeats = this.#recoveryBeats = RECOVERY_BEATS
    this.#wasRenewed = isRenewed
    this.#watches.setKnown(isRenewed && this.#silentBeats === 0)
    if (this.#recoveryBeats > 0) {
      this.#recoveryBeats--
      this.#watches.recheckAll()
    } else this.#watches.sweep(SWEEP_BEATS)
    this.#isBeating = false
  }

  #failed (error: unknown): void {
    this.#register.mistrust()
    this.#reason = error
  }

  /** Logs one line for each outage. */
  #logOutage (): void {
    if (this.#isLogged) return
    this.#isLogged = true
    this.#deps.logger.warn(
      { reason: this.#reason instanceof Error ? this.#reason.message : String(this.#reason) },
      'presence cannot be shared: users of other replicas are unknown until it can'
    )
  }
}
