/**
 * Posts that wait to be stored, by chat. A chat is in one batch at a time, so its posts keep their order regardless of
 * other batches; chats take turns in the order in which they became ready.
 */
import type { Post } from './event-writer.ts'

/** A post and the key under which it is stored. */
export type Pending = { readonly post: Post, readonly postKey: string }

/** The part of a batch that belongs to one chat, in order of arrival. */
export type ChatPosts = { readonly chatId: number, readonly posts: readonly Pending[] }

/** `isBusy` while posts wait or are being stored. */
type ChatQueue = { readonly chatId: number, waiting: Pending[], isBusy: boolean }

/** Number of idle chats whose queues are kept. */
const MAX_IDLE_CHATS = 10_000

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

  /** Number of waiting posts. */
  get size (): number {
    return this.#size
  }

  /** Whether {@link take} would return posts. */
  get isReady (): boolean {
    return this.#ready.length > 0
  }

  /** Whether no post waits or is being stored. */
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
 * Takes posts up to the first that repeats a key: a batch may contain a key only once, and only clients repeat theirs.
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
