/** Whether users are there, as far as somebody wants to know. */
import { atEndOfTurn, inBatches } from './batching.ts'
import type { Connection } from './connection.ts'
import { type Live, LiveValue } from './live.ts'
import type { Presence } from './types.ts'

const UNKNOWN: Presence = { status: 'unknown' }

/** The users that are watched. */
export class PresenceWatch {
  readonly #connection: Connection
  readonly #users = new Map<string, LiveValue<Presence>>()
  /** Users that are wanted. */
  readonly #wanted = new Set<string>()
  /** Users that the server knows to be wanted. */
  readonly #watched = new Set<string>()
  readonly #schedule = atEndOfTurn(() => {
    if (this.#connection.state === 'online') this.#update()
  })

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
    for (const batch of inBatches(users)) this.#connection.post({ type, users: batch })
  }
}
