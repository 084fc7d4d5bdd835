/** The users with sockets on this replica, entered in the leases so that all replicas find them. */
import type { PresenceLeases } from '../presence/leases.ts'

/** Users who come or leave within this time share a command, in milliseconds. */
const BATCH_MS = 25

/** Dependencies of the register. */
export type RegisterDeps = {
  leases: PresenceLeases
  /** How long a user stays online without a socket, in milliseconds: a reloaded page is back within this time. */
  offlineDelayMs: number
  /** Called when a user has come, before others can know it. */
  arrived: (userId: number) => void
  /** Called with the users whose change others can find now. */
  written: (userIds: readonly number[]) => void
  failed: (error: unknown) => void
}

/** Enters and removes the users of this replica. */
export class PresenceRegister {
  readonly #deps: RegisterDeps
  readonly #here = new Set<number>()
  /** Users without a socket, with the time at which they count as gone; in the order of time. */
  readonly #leaving = new Map<number, { at: number, goneAt: number }>()
  /** Changes that are not written yet. */
  #entered = new Set<number>()
  #left = new Map<number, number>()
  #isWriting = false
  #isUnsure = false
  #leaveTimer: NodeJS.Timeout | undefined
  #writeTimer: NodeJS.Timeout | undefined

  constructor (deps: RegisterDeps) {
    this.#deps = deps
  }

  /** Number of users who count as online because of this replica. */
  get size (): number {
    return this.#here.size
  }

  /** Whether a user counts as online because of this replica. */
  has (userId: number): boolean {
    return this.#here.has(userId)
  }

  /** A user has a first socket. */
  enter (userId: number): void {
    this.#leaving.delete(userId)
    if (this.#here.has(userId)) return
    this.#here.add(userId)
    this.#left.delete(userId)
    this.#entered.add(userId)
    this.#scheduleWrite()
    this.#deps.arrived(userId)
  }

  /** The last socket of a user has closed. */
  leave (userId: number): void {
    const { offlineDelayMs } = this.#deps
    this.#leaving.set(userId, { at: Date.now(), goneAt: performance.now() + offlineDelayMs })
    this.#leaveTimer ??= setTimeout(() => this.#removeGone(), offlineDelayMs).unref()
  }

  /** What is stored may differ from what is true: all of it is written again. */
  mistrust (): void {
    this.#isUnsure = true
  }

  /** Writes everything again if that is needed. @param stored number of users that are entered for this replica */
  async restore (stored: number): Promise<void> {
    const isSettled = !this.#isWriting && this.#writeTimer === undefined
    if (!isSettled || (!this.#isUnsure && stored === this.#here.size)) return
    this.#isUnsure = false
    await this.#write(() => this.#deps.leases.replace([...this.#here]))
    this.#scheduleWrite()
  }

  /** Stops, and has the users of this replica count as gone when their clients have had time to come to another one. */
  async close (): Promise<void> {
    clearTimeout(this.#leaveTimer)
    clearTimeout(this.#writeTimer)
    const left = new Map([...this.#leaving].map(([userId, { at }]) => [userId, at]))
    await this.#deps.leases.release(this.#deps.offlineDelayMs, left)
  }

  #removeGone (): void {
    this.#leaveTimer = undefined
    const now = performance.now()
    for (const [userId, { at, goneAt }] of this.#leaving) {
      if (goneAt > now) {
        this.#leaveTimer = setTimeout(() => this.#removeGone(), goneAt - now).unref()
        break
      }
      this.#leaving.delete(userId)
      this.#here.delete(userId)
      this.#entered.delete(userId)
      this.#left.set(userId, at)
    }
    this.#scheduleWrite()
  }

  #scheduleWrite (): void {
    if (this.#isWriting || (this.#entered.size === 0 && this.#left.size === 0)) return
    this.#writeTimer ??= setTimeout(() => void this.#writeChanges(), BATCH_MS).unref()
  }

  async #writeChanges (): Promise<void> {
    this.#writeTimer = undefined
    const [entered, left] = [[...this.#entered], this.#left]
    this.#entered = new Set()
    this.#left = new Map()
    await this.#write(() => this.#deps.leases.update(entered, left))
    // After a failure, too: the other replicas look, and those that cannot know that they cannot.
    this.#deps.written([...entered, ...left.keys()])
    this.#scheduleWrite()
  }

  async #write (write: () => Promise<void>): Promise<void> {
    this.#isWriting = true
    try {
      await write()
    } catch (error) {
      this.#isUnsure = true
      this.#deps.failed(error)
    }
    this.#isWriting = false
  }
}
