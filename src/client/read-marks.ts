/** The read marks of the user in a chat and its threads: sent at once, or with the next connection. */
import type { Connection } from './connection.ts'

/** The marks that the server does not have yet. */
export class ReadMarks {
  readonly #chat: string
  readonly #connection: Connection
  /** By the message whose thread they are of; null is the chat. */
  readonly #unsent = new Map<number | null, number>()

  constructor (chat: string, connection: Connection) {
    this.#chat = chat
    this.#connection = connection
  }

  /** Moves a mark up to a seq. @returns whether it was not there already, as far as is known */
  move (seq: number, parent: number | null = null): boolean {
    if (seq <= (this.#unsent.get(parent) ?? 0)) return false
    this.#unsent.set(parent, seq)
    this.send()
    return true
  }

  /** Sends what could not be sent before. */
  send (): void {
    if (this.#connection.state !== 'online') return
    for (const [parent, seq] of this.#unsent) {
      this.#connection.request({ type: 'read', chat: this.#chat, seq, parent: parent ?? undefined }).then(() => {
        if (this.#unsent.get(parent) === seq) this.#unsent.delete(parent)
      }, () => undefined)
    }
  }
}
