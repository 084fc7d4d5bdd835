/**
 * The user's posts that the server has not delivered back yet: being sent, stored, or refused. They survive a reload.
 */
import { ConfabError, newClientMessageID, type ConfabClient } from '../../client/chatcli/index.ts'
import { forgetUnsentPost, type UnsentPost, saveUnsentPost, readUnsentPosts } from './local-storage.ts'
import { Store } from './store.ts'

/** A post. `sent` has the seq under which it is stored; `failed` has the reason. */
export type Post = UnsentPost &
  ({ state: 'sending' } | { state: 'sent', seq: number } | { state: 'failed', reason: string })

/** The posts of one user, in the order they were written. */
export class Outgoing {
  readonly posts = new Store<{ all: readonly Post[] }>({ all: [] })
  readonly #client: ConfabClient
  readonly #username: string

  /** Sends stored posts again: under its own id each is stored once, whether or not an earlier attempt succeeded. */
  constructor (client: ConfabClient, username: string) {
    this.#client = client
    this.#username = username
    const kept = readUnsentPosts(username)
    this.posts.set({ all: kept.map((post) => ({ ...post, state: 'sending' })) })
    for (const post of kept) void this.#send(post)
  }

  /** Posts a text. */
  post (chatID: number, text: string): void {
    const post: UnsentPost = { id: newClientMessageID(), chatID, text, at: new Date().toISOString() }
    saveUnsentPost(this.#username, post)
    this.posts.set({ all: [...this.posts.value.all, { ...post, state: 'sending' }] })
    void this.#send(post)
  }

  /** Retries a failed post. */
  retry ({ id, chatID, text, at }: Post): void {
    const post = { id, chatID, text, at }
    this.#change(id, { ...post, state: 'sending' })
    void this.#send(post)
  }

  /** Removes posts that were given up, or that the server has delivered back. */
  forget (isOver: (post: Post) => boolean): void {
    const over = this.posts.value.all.filter(isOver)
    if (over.length === 0) return
    for (const { id } of over) forgetUnsentPost(this.#username, id)
    this.posts.set({ all: this.posts.value.all.filter((post) => !over.includes(post)) })
  }

  async #send (post: UnsentPost): Promise<void> {
    const { id, chatID, text } = post
    try {
      const { seq } = await this.#client.post(chatID, text, { clientMessageID: id })
      this.#change(id, { ...post, state: 'sent', seq })
    } catch (error) {
      // The page is being closed, or the user signs out: the post stays stored.
      if (error instanceof ConfabError && error.code === 'closed') return
      this.#change(id, {
        ...post,
        state: 'failed',
        reason: error instanceof Error ? error.message : 'It could not be sent.'
      })
    }
  }

  #change (id: string, changed: Post): void {
    if (changed.state === 'sent') forgetUnsentPost(this.#username, id)
    this.posts.set({ all: this.posts.value.all.map((post) => (post.id === id ? changed : post)) })
  }
}
