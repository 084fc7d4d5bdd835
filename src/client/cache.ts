/**
 * What a user has seen last, kept in the storage, so that a start without a connection shows it. Values are those of an
 * epoch: of another one they are void.
 */
import { reportUncaught } from './emitter.ts'
import type { Storage } from './storage.ts'
import { withFields } from './types.ts'

/** Of so many chats the last messages are kept: of those that were used last. */
const MAX_CHATS = 50
/** Changes of one moment are written together. */
const DELAY_MS = 300
/** The name of the chats that are kept: it is no id of a chat. */
const INDEX = '/index'
/** The name of the list of chats. */
export const CHAT_LIST = '/chats'
/** Another version of this library does not read what it may not understand. */
const VERSION = 1

type Kept = { readonly epoch: string, readonly value: unknown }
const isKept = withFields<Kept>('epoch', 'value')

/** Dependencies. */
export type CacheOptions = {
  storage: Storage
  /** The epoch of the server, as far as it is known. */
  epoch: () => string | undefined
}

/** The cache of a user; before the user is known it keeps nothing. */
export class Cache {
  readonly #options: CacheOptions
  readonly #changed = new Map<string, () => unknown>()
  /** The chats that are kept, those that were used last first. */
  #chats: Promise<string[]> | undefined
  #user: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (options: CacheOptions) {
    this.#options = options
  }

  /** Begins with what is kept of a user. */
  open (user: string): void {
    if (this.#user === user) return
    this.#changed.clear()
    this.#user = user
    this.#chats = undefined
  }

  /** Returns a value; undefined if there is none, or none of this epoch. */
  async read (name: string): Promise<unknown> {
    const changed = this.#changed.get(name)
    if (changed !== undefined) return changed()
    const kept = await this.#get(name)
    return kept?.epoch === (this.#options.epoch() ?? kept?.epoch) ? kept?.value : undefined
  }

  /** Soon keeps a value. @param make returns it, plain data */
  keep (name: string, make: () => unknown): void {
    this.#changed.set(name, make)
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS)
  }

  /** The same for a chat, by its id: the one that was used longest ago makes room for it. */
  keepChat (id: string, make: () => unknown): void {
    this.keep(id, make)
    const list = this.#list()
    void list.then((chats) => {
      if (chats[0] === id || this.#chats !== list) return
      const index = chats.indexOf(id)
      if (index >= 0) chats.splice(index, 1)
      chats.unshift(id)
      for (const gone of chats.splice(MAX_CHATS)) this.drop(gone)
      this.keep(INDEX, () => [...chats])
    })
  }

  /** Drops a value. */
  drop (name: string): void {
    this.#changed.delete(name)
    if (this.#user !== undefined) this.#options.storage.remove(this.#keyOf(name)).catch(reportUncaught)
  }

  /** Writes what has changed. */
  async flush (): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { storage, epoch } = this.#options
    const changed = [...this.#changed]
    this.#changed.clear()
    const current = epoch()
    if (this.#user === undefined || current === undefined) return
    await Promise.all(changed.map(([name, make]) =>
      storage.put(this.#keyOf(name), { epoch: current, value: make() }).catch(reportUncaught)))
  }

  /** Drops everything that is kept of the user. */
  async clear (): Promise<void> {
    if (this.#user === undefined) return
    const chats = await this.#list()
    this.#changed.clear()
    this.#chats = undefined
    for (const name of [CHAT_LIST, INDEX, ...chats]) this.drop(name)
  }

  async #get (name: string): Promise<Kept | undefined> {
    try {
      const [kept] = this.#user === undefined ? [] : await this.#options.storage.list(this.#keyOf(name))
      return isKept(kept) ? kept : undefined
    } catch (error) {
      reportUncaught(error)
      return undefined
    }
  }

  #list (): Promise<string[]> {
    return (this.#chats ??= this.#get(INDEX).then((kept) => {
      const list = kept?.value
      return Array.isArray(list) ? list.filter((id) => typeof id === 'string') : []
    }))
  }

  #keyOf (name: string): string {
    return `cache${String(VERSION)}/${String(this.#user)}/${name}/`
  }
}
