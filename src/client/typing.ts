/** Who is typing in a chat. */
import { LiveValue } from './live.ts'

/** The longest time without another sign of it, in milliseconds; the clocks may differ. */
const MAX_MS = 6_000
/** One's own typing is passed on at most so often. */
const PAUSE_MS = 3_000

/** Ends by itself. */
export class Typing {
  readonly users = new LiveValue<readonly string[]>([])
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #sentAt = 0

  /** Notes that a user is typing. */
  note (user: string, until: string): void {
    const timer = this.#timers.get(user)
    clearTimeout(timer)
    const leftMs = Date.parse(until) - Date.now()
    this.#timers.set(user, setTimeout(() => this.forget(user), leftMs > 0 && leftMs < MAX_MS ? leftMs : MAX_MS))
    if (timer === undefined) this.#show()
  }

  /** A user is not typing any more, or has sent the message. */
  forget (user: string | null): void {
    if (user === null) return
    clearTimeout(this.#timers.get(user))
    if (this.#timers.delete(user)) this.#show()
  }

  /** Forgets all. */
  clear (): void {
    for (const user of [...this.#timers.keys()]) this.forget(user)
  }

  /** Whether it is time to tell others that the user is typing. */
  isDue (): boolean {
    if (Date.now() - this.#sentAt < PAUSE_MS) return false
    this.#sentAt = Date.now()
    return true
  }

  /** The user has sent the message: the next key is told at once. */
  noteSent (): void {
    this.#sentAt = 0
  }

  #show (): void {
    this.users.set([...this.#timers.keys()])
  }
}
