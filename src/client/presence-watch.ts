/** Whether users are there, as far as somebody wants to know. */
import type { Connection } from './connection.ts'
import { type Live, LiveValue } from './live.ts'
import type { Presence } from './types.ts'

/** Users of one frame. */
const MAX_USERS_PER_FRAME = 1_000
const UNKNOWN: Presence = { status: 'unknown' }

/** The users that are watched. */
export class PresenceWatch {
  readonly #connection: Connection
  readonly #users = new Map<string, LiveValue<Presence>>()
  /** Users that are wanted. */
  readonly #wanted = new Set<string>()
  /** Users that the server knows to be wanted. */
  readonly #watched = new Set<string>()
  #isScheduled = false

  constructor (connection: Connection) {
    this.#connection = connection
    connection.on('state', (state) => {
      this.#watched.clear()
      if (state === 'online') this.#schedule()
      else for (const value of this.#users.values()) value.set(UNKNOWN)
    })
    connection.on('frame', (frame) => {
      if (frame.type !== 'presence') return
      const { status, last_seen } = frame
      this.#users.get(frame.user)?.set({ status, ...(last_seen !== undefined && { last_seen }) })
    })
  }

  /** The presence of a user, watched as long as somebody has subscribed. */
  of (user: string): Live<Presence> {
    const known = this.#users.get(user)
    if (known !== undefined) return known
    const value = new LiveValue(UNKNOWN, () => {
      this.#wanted.add(user)
      this.#schedule()
      return () => {
        this.#wanted.delete(user)
        this.#schedule()
      }
    })
    this.#users.set(user, value)
    return value
  }

  #schedule (): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (this.#connection.state === 'online') this.#update()
    })
  }

  #update (): void {
    const added = [...this.#wanted].filter((user) => !this.#watched.has(user))
    const removed = [...this.#watched].filter((user) => !this.#wanted.has(user))
    for (const user of added) this.#watched.add(user)
    for (const user of removed) {
      this.#watched.delete(user)
      this.#users.get(user)?.set(UNKNOWN)
    }
    this.#send('watch', added)
    this.#send('unwatch', removed)
  }

  #send (type: 'watch' | 'unwatch', users: readonly string[]): void {
    for (let start = 0; start < users.length; start += MAX_USERS_PER_FRAME)
      this.#connection.post({ type, users: users.slice(start, start + MAX_USERS_PER_FRAME) })
  }
}
