/** Lets a user be shown as typing in a chat at most once in a while, whichever replicas the user types on. */

/** Clients show it for 3 s. */
const PAUSE_MS = 2_000

type Shown = { at: number, origin: number }

/** The users that were shown within the last pause. */
export class TypingGate {
  readonly #own: number
  readonly #now: () => number
  /** In the order of time, since each is inserted anew. */
  readonly #shown = new Map<string, Shown>()

  /** @param own number of this replica @param now milliseconds of a monotonic clock */
  constructor (own: number, now: () => number = () => performance.now()) {
    this.#own = own
    this.#now = now
  }

  /** Number of users and chats that are kept. */
  get size (): number {
    return this.#shown.size
  }

  /** @param origin number of the replica on which the user types */
  admits (chatId: number, userId: number, origin: number): boolean {
    const now = this.#now()
    for (const [key, { at }] of this.#shown) {
      if (now - at < PAUSE_MS) break
      this.#shown.delete(key)
    }
    const key = `${String(chatId)}:${String(userId)}`
    const last = this.#shown.get(key)
    // Another replica has kept the pause itself, and what it sends does not take equally long each time.
    if (last !== undefined && (origin === this.#own || origin !== last.origin)) return false
    this.#shown.delete(key)
    this.#shown.set(key, { at: now, origin })
    return true
  }
}
