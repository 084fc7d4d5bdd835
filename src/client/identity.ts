/** Who the user is: as the server says, or, before that, the user of the last time. */
import type { Storage } from './storage.ts'
import type { Tokens } from './tokens.ts'
import { withFields } from './types.ts'

/** In the storage: the user of the last time. */
const KEY = 'user'

/** The user of the last time, with the epoch of then and the subject of the token. */
export type KeptUser = { readonly user: string, readonly epoch?: string, readonly subject?: string | undefined }
const isKept = withFields<KeptUser>('user')

/** Dependencies. */
export type IdentityOptions = { storage: Storage, tokens: Tokens }

/** See the head of this file. */
export class Identity {
  readonly #options: IdentityOptions
  #noteFirst: (user: string) => void = () => undefined
  readonly #first = new Promise<string>((resolve) => (this.#noteFirst = resolve))
  #user: string | null = null

  constructor (options: IdentityOptions) {
    this.#options = options
  }

  /** The id of the user; null before it is known. */
  get user (): string | null {
    return this.#user
  }

  /** Resolves when the user is known. */
  async known (): Promise<string> {
    return this.#user ?? this.#first
  }

  /** Notes who the user is. @returns whether it was another one before */
  become (user: string): boolean {
    const isOther = this.#user !== null && this.#user !== user
    this.#user = user
    this.#noteFirst(user)
    return isOther
  }

  /** Keeps the user for the next time. */
  async keep (user: string, epoch: string): Promise<void> {
    const { storage, tokens } = this.#options
    await storage.put(KEY, { user, epoch, subject: await tokens.subject() })
  }

  /** The user of the last time. */
  async kept (): Promise<KeptUser | undefined> {
    const [kept] = await this.#options.storage.list(KEY).catch(() => [])
    return isKept(kept) ? kept : undefined
  }

  /** The same, unless the token says that somebody else is there now. */
  async recall (): Promise<KeptUser | undefined> {
    const [kept, subject] = await Promise.all([this.kept(), this.#options.tokens.subject()])
    return (subject ?? kept?.subject) === kept?.subject ? kept : undefined
  }

  /** Forgets the user of the last time. */
  async forget (): Promise<void> {
    await this.#options.storage.remove(KEY)
  }
}
