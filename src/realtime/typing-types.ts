/** Which types of chats have typing. Those of the application may change, and are read again after a while. */
import { builtInType } from '../domain/chats/chat-types.ts'

/** How long an answer holds, in milliseconds. */
const HOLDS_MS = 5_000

/** The types of chats, by whether others see who is typing. */
export class TypingTypes {
  readonly #read: (type: string) => Promise<boolean>
  readonly #known = new Map<string, { has: boolean, until: number }>()

  constructor (read: (type: string) => Promise<boolean>) {
    this.#read = read
  }

  /** Whether chats of a type have typing: known at once, as a rule. */
  has (type: string): boolean | Promise<boolean> {
    const builtIn = builtInType(type)
    if (builtIn !== undefined) return builtIn.features.typing
    const known = this.#known.get(type)
    return known !== undefined && performance.now() < known.until ? known.has : this.#find(type)
  }

  async #find (type: string): Promise<boolean> {
    const has = await this.#read(type)
    this.#known.set(type, { has, until: performance.now() + HOLDS_MS })
    return has
  }
}
