/**
 * Fairness among the authors of posts: of each user only a few posts are in line to be stored at any time. Others of
 * the same user wait behind them, out of the line, so a user with thousands of posts delays everybody else by as much
 * as one with a few.
 */
import type { EventRequest } from './change.ts'
import type { Pending } from './post-queue.ts'

/** Posts of one user that may be in line or being stored. */
const WINDOW = 32
/** A post counts once more for each 2 ** 8 characters of its text. */
const LENGTH_SHIFT = 8
/** Number of idle users whose records are kept. */
const MAX_IDLE_USERS = 10_000

/** Shared by the many users without held posts; never mutated. */
const NONE: Pending[] = []

/** `inLine` is the share of the window in use. */
type UserPosts = { inLine: number, held: Pending[] }

/** The windows of all users. */
export class UserWindows {
  /** Users with posts, and some idle ones; see `PostQueue` for the reason why those are kept. */
  #users = new Map<number, UserPosts>()
  #busy = 0
  #held = 0

  /** Number of posts that are held. */
  get held (): number {
    return this.#held
  }

  /** Number of posts of a user that are held. */
  heldOf (userId: number): number {
    return this.#held === 0 ? 0 : (this.#users.get(userId)?.held.length ?? 0)
  }

  /** Adds a post. @returns whether it enters the line; otherwise it is held */
  add (pending: Pending): boolean {
    const user = this.#userOf(authorOf(pending))
    if (user.inLine >= WINDOW) {
      if (user.held === NONE) user.held = [pending]
      else user.held.push(pending)
      this.#held++
      return false
    }
    if (user.inLine === 0) this.#busy++
    user.inLine += costOf(pending)
    return true
  }

  /** Removes a post that is stored or given up. @param enter called with each held post that enters the line instead */
  remove (pending: Pending, enter: (pending: Pending) => void): void {
    const user = this.#userOf(authorOf(pending))
    user.inLine -= costOf(pending)
    if (user.held.length > 0) this.#refill(user, enter)
    if (user.inLine === 0) this.#busy--
  }

  #refill (user: UserPosts, enter: (pending: Pending) => void): void {
    let count = 0
    for (const pending of user.held) {
      if (user.inLine >= WINDOW) break
      user.inLine += costOf(pending)
      count++
    }
    if (count === 0) return
    const entering = user.held.splice(0, count)
    this.#held -= count
    if (user.held.length === 0) user.held = NONE
    for (const pending of entering) enter(pending)
  }

  #userOf (userId: number): UserPosts {
    const known = this.#users.get(userId)
    if (known !== undefined) return known
    if (this.#users.size >= this.#busy + MAX_IDLE_USERS)
      this.#users = new Map([...this.#users].filter(([, { inLine }]) => inLine > 0))
    const user = { inLine: 0, held: NONE }
    this.#users.set(userId, user)
    return user
  }
}

/** The user who posts or changes something; 0 for API keys by themselves, which share a window. */
export function authorOf ({ post, change }: Pending): number {
  return post === undefined ? (change.actor.userId ?? 0) : post.author.userId
}

function costOf ({ post, change }: Pending): number {
  return 1 + ((post === undefined ? lengthOf(change.action) : post.text.length) >> LENGTH_SHIFT)
}

function lengthOf (action: EventRequest['action']): number {
  return 'text' in action ? (action.text?.length ?? 0) : 0
}
