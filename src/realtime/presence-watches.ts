/**
 * The users whose presence is watched on this replica. Their channels say when to look at the leases; what the bus
 * loses is found by looking at all of them, some at a time.
 */
import type { Bus, BusHandler } from '../bus/bus.ts'
import type { PresenceLeases, Sighting } from '../presence/leases.ts'
import { decodeUserEvent, userChannel } from './user-events.ts'

/** Users that are looked for at once. */
const CHUNK = 1_000
/** Hints within this time share a look, in milliseconds. */
const BATCH_MS = 10

/** Whether a user is online: `unknown` when that cannot be found out. */
export type PresenceStatus = 'online' | 'offline' | 'unknown'

/** The presence of a user. `lastSeenAt`, in milliseconds since 1970, is of a user who is offline, if it is known. */
export type UserPresence = { userId: number, status: PresenceStatus, lastSeenAt: number | undefined }

/** Watches users. It must not throw. */
export type PresenceWatcher = {
  /** Is told of every change of one of them. */
  changed: (presences: readonly UserPresence[]) => void
  /** Is told when one of them has come to a chat or left it, or has changed who may know that they are online. */
  rightsChanged?: (userId: number) => void
}

/** The presence of a user of whom nothing is known. */
export function unknownPresenceOf (userId: number): UserPresence {
  return { userId, status: 'unknown', lastSeenAt: undefined }
}

type Watched = {
  readonly userId: number
  readonly hear: BusHandler
  readonly watchers: Set<PresenceWatcher>
  /** Until the bus has acknowledged the subscription. */
  opened: Promise<void> | undefined
  /** What was found; undefined before the first look. */
  sighting: Sighting | undefined
  /** What the watchers know; undefined before the first look. */
  status: PresenceStatus | undefined
}

/** Dependencies of the watches. */
export type WatchesDeps = {
  bus: Bus
  leases: Pick<PresenceLeases, 'find'>
  /** Whether a user is on this replica, which is known in any case. */
  isHere: (userId: number) => boolean
  failed: (error: unknown) => void
}

/** The watched users of a replica. */
export class PresenceWatches {
  readonly #deps: WatchesDeps
  readonly #watched = new Map<number, Watched>()
  readonly #byWatcher = new Map<PresenceWatcher, Set<Watched>>()
  /** Users to look for. */
  #due = new Set<Watched>()
  #looking: Promise<void> | undefined
  #isKnown = false
  /** Users that the sweep has yet to come to. */
  #ahead: Watched[] = []

  constructor (deps: WatchesDeps) {
    this.#deps = deps
  }

  /** Number of users that are watched. */
  get size (): number {
    return this.#watched.size
  }

  /**
   * Has a watcher told of every change of these users.
   * @returns their presence now. What changes later is told in any case
   */
  async watch (watcher: PresenceWatcher, userIds: readonly number[]): Promise<UserPresence[]> {
    const own = this.#byWatcher.get(watcher) ?? new Set()
    this.#byWatcher.set(watcher, own)
    const all = userIds.map((userId) => this.#open(userId))
    for (const watched of all) {
      watched.watchers.add(watcher)
      own.add(watched)
      if (watched.status !== undefined) continue
      if (this.#isKnown && !this.#deps.isHere(watched.userId)) this.#due.add(watched)
      else this.#settle(watched, new Map())
    }
    while (all.some(({ status }) => status === undefined)) await this.#look()
    return all.map((watched) => presenceOf(watched))
  }

  /** Ends the watching of users, or of all users. */
  unwatch (watcher: PresenceWatcher, userIds?: readonly number[]): void {
    const own = this.#byWatcher.get(watcher)
    if (own === undefined) return
    const ended = userIds?.flatMap((userId) => this.#watched.get(userId) ?? []) ?? [...own]
    for (const watched of ended) {
      own.delete(watched)
      if (watched.watchers.delete(watcher) && watched.watchers.size === 0) this.#close(watched)
    }
    if (own.size === 0) this.#byWatcher.delete(watcher)
  }

  /** The presence of a watched user. */
  presenceOf (userId: number): UserPresence {
    const watched = this.#watched.get(userId)
    return watched === undefined ? unknownPresenceOf(userId) : presenceOf(watched)
  }

  /** A user has come to this replica. */
  arrived (userId: number): void {
    const watched = this.#watched.get(userId)
    if (watched === undefined) return
    const told: Told = new Map()
    this.#settle(watched, told)
    tellAll(told)
  }

  /** Looks for users again. */
  recheck (userIds: Iterable<number>): void {
    for (const userId of userIds) this.#hear(userId)
  }

  /** Looks for all users again. */
  recheckAll (): void {
    for (const watched of this.#watched.values()) this.#due.add(watched)
    this.#lookSoon()
  }

  /** Looks for one of so many parts of the users, so that all of them have been looked for after as many calls. */
  sweep (parts: number): void {
    if (this.#ahead.length === 0) this.#ahead = [...this.#watched.values()]
    for (const watched of this.#ahead.splice(0, Math.ceil(this.#watched.size / parts)))
      if (this.#watched.get(watched.userId) === watched) this.#due.add(watched)
    this.#lookSoon()
  }

  /** Notes whether the leases can be read at all. */
  setKnown (isKnown: boolean): void {
    if (this.#isKnown === isKnown) return
    this.#isKnown = isKnown
    if (isKnown) {
      this.recheckAll()
      return
    }
    const told: Told = new Map()
    for (const watched of this.#watched.values()) {
      watched.sighting = undefined
      this.#settle(watched, told)
    }
    tellAll(told)
  }

  close (): void {
    for (const watched of this.#watched.values()) this.#close(watched)
    this.#byWatcher.clear()
  }

  #open (userId: number): Watched {
    const known = this.#watched.get(userId)
    if (known !== undefined) return known
    const hear: BusHandler = (payload) => {
      const type = decodeUserEvent(payload)?.type
      if (type === 'presence_changed') this.#hear(userId)
      else if (type === 'chats_changed' || type === 'rights_changed')
        for (const watcher of this.#watched.get(userId)?.watchers ?? []) watcher.rightsChanged?.(userId)
    }
    const opened = this.#deps.bus.subscribe(userChannel(userId), hear).catch(() => undefined)
    const watched: Watched = { userId, hear, watchers: new Set(), opened, sighting: undefined, status: undefined }
    void opened.then(() => (watched.opened = undefined))
    this.#watched.set(userId, watched)
    return watched
  }

  #close ({ userId, hear }: Watched): void {
    this.#watched.delete(userId)
    this.#deps.bus.unsubscribe(userChannel(userId), hear)
  }

  #hear (userId: number): void {
    const watched = this.#watched.get(userId)
    if (watched === undefined) return
    this.#due.add(watched)
    this.#lookSoon()
  }

  #lookSoon (): void {
    if (this.#due.size > 0) void this.#look()
  }

  /** Looks for the users that are due. A look that has begun is not joined: it may be too early for later ones. */
  #look (): Promise<void> {
    return (this.#looking ??= this.#lookForAll().finally(() => {
      this.#looking = undefined
    }))
  }

  async #lookForAll (): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, BATCH_MS))
    while (this.#due.size > 0) {
      const some = [...this.#due].slice(0, CHUNK)
      for (const watched of some) this.#due.delete(watched)
      await this.#lookFor(some)
    }
  }

  async #lookFor (some: readonly Watched[]): Promise<void> {
    let sightings: ReadonlyMap<number, Sighting> | undefined
    try {
      // Subscribe first, look second: no change can fall in between.
      await Promise.all(some.flatMap(({ opened }) => opened ?? []))
      if (this.#isKnown) sightings = await this.#deps.leases.find(some.map(({ userId }) => userId))
    } catch (error) {
      this.#deps.failed(error)
    }
    const told: Told = new Map()
    for (const watched of some) {
      // After a failure what was found before counts until it is too old.
      watched.sighting = this.#isKnown ? sightings?.get(watched.userId) ?? watched.sighting : undefined
      this.#settle(watched, told)
    }
    tellAll(told)
  }

  /** Finds the status of a user, and notes whom to tell if it has changed. */
  #settle (watched: Watched, told: Told): void {
    const { userId, sighting, status, watchers } = watched
    watched.status = this.#deps.isHere(userId)
      ? 'online'
      : sighting === undefined ? 'unknown' : sighting.isOnline ? 'online' : 'offline'
    if (status === undefined || status === watched.status) return
    const presence = presenceOf(watched)
    for (const watcher of watchers) {
      const presences = told.get(watcher)
      if (presences === undefined) told.set(watcher, [presence])
      else presences.push(presence)
    }
  }
}

type Told = Map<PresenceWatcher, UserPresence[]>

function tellAll (told: Told): void {
  for (const [watcher, presences] of told) watcher.changed(presences)
}

function presenceOf ({ userId, status = 'unknown', sighting }: Watched): UserPresence {
  return { userId, status, lastSeenAt: status === 'offline' ? sighting?.lastSeenAt : undefined }
}
