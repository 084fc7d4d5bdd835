/**
 * The gate before the event writer, where messages and edits wait while the application is asked about them. Posts and
 * changes of one author in one chat keep their order; nobody else waits. Where nothing is asked, it is not there.
 */
import { asChatError, ChatError } from '../errors.ts'
import type { EventRequest } from './change.ts'
import type { CommitListener } from './event-writer.ts'
import type { Post } from './post.ts'
import type { Poster } from './poster.ts'

/** A post or a change with the key under which it is stored. */
export type Gated =
  | { readonly post: Post, readonly change: undefined, readonly key: string }
  | { readonly post: undefined, readonly change: EventRequest, readonly key: string }

/** Who is asked about messages. */
export type Inquiry = {
  /** Whether anything is asked now. */
  readonly isActive: boolean
  /**
   * Asks about a message or an edit, if there is something to ask about.
   * @returns what is to be stored: the same, or what the application made of it
   * @throws {ChatError} `message_refused`, `hook_failed`, `updating`, `unavailable`
   */
  ask: (gated: Gated) => Promise<Gated>
}

/** The part of the waiting posts that one user may have. */
const USER_SHARE = 0.1

/** One that waits, until it has an outcome: what is to be stored, or why not. */
type Entry = { readonly gated: Gated, outcome: Gated | ChatError | undefined }
/** Those of one author in one chat. */
type Lane = { readonly userId: number, readonly entries: Entry[] }

/** Holds messages back while the application is asked about them. */
export class MessageGate implements Poster {
  readonly #writer: Poster
  readonly #inquiry: Inquiry
  readonly #limit: number
  readonly #lanes = new Map<string, Lane>()
  /** Number of those that wait, by user. */
  readonly #ofUsers = new Map<number, number>()
  #waiting = 0
  #onEmpty: (() => void)[] = []

  /** @param limit maximum number of posts and changes that wait; one user may have a tenth of it */
  constructor (writer: Poster, inquiry: Inquiry, limit: number) {
    this.#writer = writer
    this.#inquiry = inquiry
    this.#limit = limit
  }

  post (post: Post, key: string): void {
    if (!this.#inquiry.isActive && this.#waiting === 0) this.#writer.post(post, key)
    else this.#enter({ post, change: undefined, key })
  }

  change (change: EventRequest, key: string): void {
    if (!this.#inquiry.isActive && this.#waiting === 0) this.#writer.change(change, key)
    else this.#enter({ post: undefined, change, key })
  }

  onCommitted (listener: CommitListener): void {
    this.#writer.onCommitted(listener)
  }

  get waiting (): number {
    return this.#waiting + this.#writer.waiting
  }

  get inLine (): number {
    return this.#writer.inLine
  }

  async flush (): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
    await this.#writer.flush()
  }

  #enter (gated: Gated): void {
    const { chatId } = gated.post ?? gated.change
    const userId = authorOf(gated)
    const name = `${String(chatId)} ${String(userId)}`
    const isAsked = this.#inquiry.isActive && isOfText(gated)
    const known = this.#lanes.get(name)
    if (!isAsked && known === undefined) {
      this.#pass(gated)
      return
    }
    const ofUser = this.#ofUsers.get(userId) ?? 0
    if (this.#waiting >= this.#limit || ofUser >= this.#limit * USER_SHARE) {
      settle(gated, new ChatError('overloaded'))
      return
    }
    const lane = known ?? { userId, entries: [] }
    if (known === undefined) this.#lanes.set(name, lane)
    const entry: Entry = { gated, outcome: isAsked ? undefined : gated }
    lane.entries.push(entry)
    this.#ofUsers.set(userId, ofUser + 1)
    this.#waiting++
    if (isAsked) void this.#ask(name, lane, entry)
  }

  async #ask (name: string, lane: Lane, entry: Entry): Promise<void> {
    try {
      entry.outcome = await this.#inquiry.ask(entry.gated)
    } catch (error) {
      entry.outcome = asChatError(error)
    }
    this.#release(name, lane)
  }

  /** Passes on those at the beginning of a lane that have an outcome. */
  #release (name: string, lane: Lane): void {
    const { entries, userId } = lane
    const pending = entries.findIndex(({ outcome }) => outcome === undefined)
    const count = pending === -1 ? entries.length : pending
    if (count === 0) return
    const released = entries.splice(0, count)
    if (entries.length === 0) this.#lanes.delete(name)
    this.#waiting -= count
    const left = (this.#ofUsers.get(userId) ?? 0) - count
    if (left > 0) this.#ofUsers.set(userId, left)
    else this.#ofUsers.delete(userId)
    for (const { gated, outcome } of released) {
      if (outcome instanceof ChatError) settle(gated, outcome)
      else if (outcome !== undefined) this.#pass(outcome)
    }
    if (this.#waiting === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
  }

  #pass ({ post, change, key }: Gated): void {
    if (post === undefined) this.#writer.change(change, key)
    else this.#writer.post(post, key)
  }
}

function authorOf ({ post, change }: Gated): number {
  return post === undefined ? (change.actor.userId ?? 0) : post.author.userId
}

/** Whether a user writes a text. What a key does by itself the application knows. */
function isOfText ({ post, change }: Gated): boolean {
  if (post !== undefined) return true
  const { actor, action: { kind } } = change
  return actor.userId !== null && (kind === 'post' || kind === 'edit')
}

function settle ({ post, change }: Gated, error: ChatError): void {
  if (post === undefined) change.onSettled(error)
  else post.onSettled(error)
}
