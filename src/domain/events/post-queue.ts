/**
 * Posts that wait to be stored, by chat. A chat is in one batch at a time, so its posts keep their order whatever other
 * batches are stored meanwhile; chats take turns in the order in which they became ready.
 */
import type { Post } from './event-writer.ts'

/** A post and the key under which it is stored. */
export type Pending = { readonly post: Post, readonly postKey: string }

/** The part of a batch that is of one chat, in the order it came. */
export type ChatPosts = { readonly chatId: number, readonly posts: readonly Pending[] }

/** `isBusy` while something waits or is being stored. */
type ChatQueue = { readonly chatId: number, waiting: Pending[], isBusy: boolean }

/** Chats that are kept although nothing is to be done for them. */
const MAX_IDLE_CHATS = 10_000

/** Shared by the many chats of which nothing waits; never written to. */
const NONE: Pending[] = []

/** The posts of all chats. */
export class PostQueue {
  /**
   * Those of which something waits or is being stored, and others that were there before. A queue for each turn of a
   * chat would live just long enough for V8 to make it in its old generation, where it keeps what it refers to for
   * long.
   */
  #chats = new Map<number, ChatQueue>()
  #busy = 0
  /** Those of which something waits and nothing is being stored. */
  #ready: ChatQueue[] = []
  #size = 0

  /** How many posts wait. */
  get size (): number {
    return this.#size
  }

  /** Whether there is something to take. */
  get isReady (): boolean {
    return this.#ready.length > 0
  }

  /** Whether nothing waits and nothing is being stored. */
  get isIdle (): boolean {
    return this.#busy === 0
  }

  add (pending: Pending): void {
    const queue = this.#queueOf(pending.post.chatId)
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

  /** Takes what is next in line. Its chats have to wait until they are released. */
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

  /** What was taken is stored, or given up. */
  release (parts: readonly ChatPosts[]): void {
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
 * Takes up to the first post that repeats a key: the same may stand in a batch only once, and only clients repeat
 * theirs.
 */
function takeTogether (queue: ChatQueue, limit: number): Pending[] {
  const { waiting } = queue
  const count = waiting.length === 1 ? 1 : countTogether(waiting, limit)
  queue.waiting = count === waiting.length ? NONE : waiting.slice(count)
  return queue.waiting === NONE ? waiting : waiting.slice(0, count)
}

function countTogether (waiting: readonly Pending[], limit: number): number {
  const keys = new Set<string>()
  let count = 0
  for (const {
    post: { author, clientMessageId }
  } of waiting) {
    if (count >= limit) break
    if (clientMessageId !== undefined) {
      const key = `${String(author.userId)} ${clientMessageId}`
      if (keys.has(key)) break
      keys.add(key)
    }
    count++
  }
  return count
}
