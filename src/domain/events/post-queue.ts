/**
 * Posts and changes that wait to be stored, by chat. A chat is in one batch at a time, so its posts keep their order
 * regardless of other batches; chats take turns in the order in which they became ready. Of each author only a few are
 * in this line (`user-windows.ts`), so those of different authors may change their order, those of one author never.
 */
import type { EventRequest } from './change.ts'
import type { Post } from './post.ts'
import { authorOf, UserWindows } from './user-windows.ts'

/** A post and the key under which it is stored. */
export type PendingPost = { readonly post: Post, readonly change: undefined, readonly postKey: string }
/** Another event and the key under which it is stored. */
export type PendingChange = { readonly post: undefined, readonly change: EventRequest, readonly postKey: string }
/** A request that waits. */
export type Pending = PendingPost | PendingChange

/** The part of a batch that belongs to one chat, in order of arrival: posts alone, or changes alone. */
export type ChatPosts = { readonly chatId: number, readonly posts: readonly Pending[] }

/** `isBusy` while posts wait or are being stored. */
type ChatQueue = { readonly chatId: number, waiting: Pending[], isBusy: boolean }

/** Number of idle chats whose queues are kept. */
const MAX_IDLE_CHATS = 10_000
/** The part of the queue that one user may fill. */
const USER_SHARE = 0.1

/** Shared by the many chats without waiting posts; never mutated. */
const NONE: Pending[] = []

/** The posts of all chats. */
export class PostQueue {
  /**
   * Chats with posts that wait or are being stored, and some idle ones. A queue object per turn of a chat would live
   * just long enough for V8 to promote it to the old generation, where it would keep its posts alive for long.
   */
  #chats = new Map<number, ChatQueue>()
  #busy = 0
  /** Chats with waiting posts, of which none is being stored. */
  #ready: ChatQueue[] = []
  #size = 0
  readonly #limit: number
  readonly #windows = new UserWindows()
  readonly #enter = (pending: Pending): void => this.#line(pending)

  /** @param limit maximum number of waiting posts */
  constructor (limit: number) {
    this.#limit = limit
  }

  /** Number of posts in line. */
  get size (): number {
    return this.#size
  }

  /** Number of waiting posts: those in line, and those that wait behind others of their authors. */
  get waiting (): number {
    return this.#size + this.#windows.held
  }

  /** Whether {@link take} would return posts. */
  get isReady (): boolean {
    return this.#ready.length > 0
  }

  /** Whether no post waits or is being stored. */
  get isIdle (): boolean {
    return this.#busy === 0
  }

  /** Adds a post or a change. @returns whether there was room for it, in the queue and in its author's share of it */
  add (pending: Pending): boolean {
    if (this.waiting >= this.#limit) return false
    if (this.#windows.heldOf(authorOf(pending)) >= this.#limit * USER_SHARE) return false
    if (this.#windows.add(pending)) this.#line(pending)
    return true
  }

  #line (pending: Pending): void {
    const queue = this.#queueOf((pending.post ?? pending.change).chatId)
    this.#size++
    if (queue.waiting === NONE) queue.waiting = [pending]
    else queue.waiting.push(pending)
    if (queue.isBusy) return
    queue.isBusy = true
    this.#busy++
    this.#ready.push(queue)
  }

  #queueOf (chatId: number): ChatQueue {
    const known = this.#chats.get(chatId)
    if (known !== undefined) return known
    if (this.#chats.size >= this.#busy + MAX_IDLE_CHATS)
      this.#chats = new Map([...this.#chats].filter(([, { isBusy }]) => isBusy))
    const queue = { chatId, waiting: NONE, isBusy: false }
    this.#chats.set(chatId, queue)
    return queue
  }

  /** Takes the next posts in line. Their chats are blocked until they are released. */
  take (limit: number): ChatPosts[] {
    const parts: ChatPosts[] = []
    let count = 0
    for (const queue of this.#ready) {
      if (count >= limit) break
      const posts = takeTogether(queue, limit - count)
      count += posts.length
      parts.push({ chatId: queue.chatId, posts })
    }
    this.#ready = this.#ready.slice(parts.length)
    this.#size -= count
    return parts
  }

  /** Unblocks the chats of posts that are stored or given up. */
  release (parts: readonly ChatPosts[]): void {
    for (const { posts } of parts) for (const pending of posts) this.#windows.remove(pending, this.#enter)
    for (const { chatId } of parts) {
      const queue = this.#queueOf(chatId)
      if (queue.waiting.length > 0) this.#ready.push(queue)
      else {
        queue.isBusy = false
        this.#busy--
      }
    }
  }
}

/**
 * Takes posts up to the first that repeats a key, since a batch may contain a key only once, and only clients repeat
 * theirs; and not beyond the first change, or changes up to the first post.
 */
function takeTogether (queue: ChatQueue, limit: number): Pending[] {
  const { waiting } = queue
  const count = waiting.length === 1 ? 1 : countTogether(waiting, limit)
  queue.waiting = count === waiting.length ? NONE : waiting.slice(count)
  return queue.waiting === NONE ? waiting : waiting.slice(0, count)
}

function countTogether (waiting: readonly Pending[], limit: number): number {
  const keys = new Set<string>()
  const isOfPosts = waiting[0]?.post !== undefined
  let count = 0
  for (const { post } of waiting) {
    if (count >= limit || (post !== undefined) !== isOfPosts) break
    if (post?.clientMessageId !== undefined) {
      const key = `${String(post.author.userId)} ${post.clientMessageId}`
      if (keys.has(key)) break
      keys.add(key)
    }
    count++
  }
  return count
}
