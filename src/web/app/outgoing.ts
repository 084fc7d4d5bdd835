/** What the user has written and no server has told back yet: on its way, stored, or refused. Kept beyond a reload. */
import { ConfabError, newClientMessageID, type ConfabClient } from '../../client/index.ts'
import { forgetUnsentPost, type UnsentPost, saveUnsentPost, readUnsentPosts } from './local-storage.ts'
import { Store } from './store.ts'

/** A post. It is `sent` once it is stored, with its seq; `failed` says why. */
export type Post = UnsentPost &
  ({ state: 'sending' } | { state: 'sent', seq: number } | { state: 'failed', reason: string })

/** The posts of one user, in the order they were written. */
export class Outgoing {
  readonly posts = new Store<{ all: readonly Post[] }>({ all: [] })
  readonly #client: ConfabClient
  readonly #username: string

  /** Sends again what was kept: under its own id it is stored once, whatever became of it before. */
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

  /** Posts once more what failed. */
  retry ({ id, chatID, text, at }: Post): void {
    const post = { id, chatID, text, at }
    this.#change(id, { ...post, state: 'sending' })
    void this.#send(post)
  }

  /** Forgets posts: they were given up, or the server has told them back. */
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
      // The page is being left, or the user is signing out: what is kept says the rest.
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
