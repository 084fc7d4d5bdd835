/** The chats that a stream follows, and the commands that wait for them. */
import type { Http } from '../http.ts'
import { ConfabProblem } from '../problem.ts'
import { type ChatEvent, type Page, withFields } from '../types.ts'

/** Chats of one stream: the server takes no more. */
const MAX_CHATS = 100
const PAGE_SIZE = 200

const isPage = withFields<Page<ChatEvent>>('items')

/** A chat to follow, from behind a seq or from now on. */
export type ChatToFollow = { readonly chat: string, readonly after?: number }

/** How far it is known, and whether the commands that wait for it were told so. */
type Followed = { readonly chat: string, after: number | undefined, isLive: boolean }

type Waiting = { readonly ref: number, readonly chats: Set<string> }

/** See the head of this file. */
export class FollowedChats {
  readonly #http: Http
  readonly #chats = new Map<string, Followed>()
  #waiting: readonly Waiting[] = []

  constructor (http: Http) {
    this.#http = http
  }

  /** The ids. */
  get ids (): readonly string[] {
    return [...this.#chats.keys()]
  }

  /** Follows some more. @returns those for which there is no room */
  add (ref: number, chats: readonly ChatToFollow[]): readonly string[] {
    for (const { chat, after } of chats) this.#chats.set(chat, { chat, after, isLive: false })
    const refused = this.ids.slice(MAX_CHATS)
    for (const id of refused) this.#chats.delete(id)
    this.#waiting = [...this.#waiting, { ref, chats: new Set(chats.map(({ chat }) => chat)) }]
    return refused
  }

  /** Follows one no longer. */
  delete (chat: string): void {
    this.#chats.delete(chat)
  }

  /** Notes that an event has come. */
  note ({ chat, seq }: ChatEvent): void {
    const followed = this.#chats.get(chat)
    if (followed?.after !== undefined) followed.after = Math.max(followed.after, seq)
  }

  /**
   * Reads what happened before a stream began to follow a chat: the first one, or one after another.
   * @param head the seq from which on the stream has everything
   * @returns the events, and whether it is the first stream of the chat; undefined for a chat that is not followed
   * @throws {ConfabProblem}
   */
  async missed (
    chat: string, head: number
  ): Promise<{ events: readonly ChatEvent[], isFirst: boolean } | undefined> {
    const followed = this.#chats.get(chat)
    if (followed === undefined) return undefined
    const { after = head } = followed
    if (after > head && !followed.isLive)
      throw new ConfabProblem('position_unknown', 'The chat has no such seq.')
    const events: ChatEvent[] = []
    for (let at = after; at < head;) {
      const { items } =
        await this.#http.request(`/chats/${chat}/events?after=${String(at)}&limit=${String(PAGE_SIZE)}`, isPage)
      const last = items.at(-1)
      if (last === undefined) break
      events.push(...items.filter(({ seq }) => seq <= head))
      at = last.seq
    }
    if (this.#chats.get(chat) !== followed) return undefined
    const isFirst = !followed.isLive
    followed.isLive = true
    followed.after = Math.max(followed.after ?? 0, head)
    return { events, isFirst }
  }

  /** A chat is followed, or cannot be. @returns the refs of the commands that wait for nothing more */
  settle (chat: string): readonly number[] {
    for (const { chats } of this.#waiting) chats.delete(chat)
    const done = this.#waiting.filter(({ chats }) => chats.size === 0)
    this.#waiting = this.#waiting.filter(({ chats }) => chats.size > 0)
    return done.map(({ ref }) => ref)
  }
}
