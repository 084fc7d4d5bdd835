/**
 * Posts that wait to be stored, by chat. A chat is in one batch at a time, so its posts keep their order whatever other
 * batches are stored meanwhile; chats take turns in the order in which they became ready.
 */
import type { ChatError } from './errors.ts'
import type { Post, Receipt } from './posting.ts'

/** Hears once what became of a post. It must not throw. A promise for each post would cost as much as storing it. */
export type PostListener = (outcome: Receipt | ChatError) => void

/** A post and who waits for it. */
export type Pending = { post: Post, done: PostListener }

/** The part of a batch that is of one chat, in the order it came. */
export type ChatPosts = { readonly chatId: number, readonly posts: readonly Pending[] }

type ChatQueue = { readonly chatId: number, waiting: Pending[] }

/** The posts of all chats. */
export class PostQueue {
  /** Chats of which something waits or is being stored. */
  readonly #chats = new Map<number, ChatQueue>()
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
    return this.#chats.size === 0
  }

  add (pending: Pending): void {
    const { chatId } = pending.post
    this.#size++
    const queue = this.#chats.get(chatId)
    if (queue !== undefined) {
      queue.waiting.push(pending)
      return
    }
    const added = { chatId, waiting: [pending] }
    this.#chats.set(chatId, added)
    this.#ready.push(added)
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
      const queue = this.#chats.get(chatId)
      if (queue === undefined) continue
      if (queue.waiting.length === 0) this.#chats.delete(chatId)
      else this.#ready.push(queue)
    }
  }
}

/** Takes up to the first post that repeats a key: the same may stand in a batch only once, and only clients repeat theirs. */
function takeTogether (queue: ChatQueue, limit: number): Pending[] {
  const { waiting } = queue
  const keys = new Set<string>()
  let count = 0
  for (const { post: { authorId, clientMessageId } } of waiting) {
    if (count >= limit) break
    if (clientMessageId !== undefined && waiting.length > 1) {
      const key = `${String(authorId)} ${clientMessageId}`
      if (keys.has(key)) break
      keys.add(key)
    }
    count++
  }
  if (count === waiting.length) {
    queue.waiting = []
    return waiting
  }
  queue.waiting = waiting.slice(count)
  return waiting.slice(0, count)
}
