/** Messages on their way: several tabs may send the same one, which one of them has left. The server gets it once. */
import { withFields } from '../types.ts'
import type { Answer, Command, Wire } from './multiplexer.ts'

/** So many acknowledgements are remembered. */
const MAX_SENT = 1_000

type Send = Command & { readonly chat: string, readonly client_id: string, readonly ref: number }
const isSend = withFields<Send>('chat', 'client_id', 'ref')

/** See the head of this file. */
export class SharedSends {
  readonly #wire: Wire
  readonly #waiting = new Map<string, { socket: string, ref: number }[]>()
  readonly #sent = new Map<string, Answer>()

  constructor (wire: Wire) {
    this.#wire = wire
  }

  /** Takes a command of a socket. @returns whether it was one of these */
  take (socket: string, command: Command): boolean {
    if (command.type !== 'send' || !isSend(command)) return false
    const key = `${command.chat} ${command.client_id}`
    const { ref } = command
    const sent = this.#sent.get(key)
    const waiting = this.#waiting.get(key)
    if (sent !== undefined) this.#wire.tell([socket], { ...sent, ref })
    else if (waiting !== undefined) waiting.push({ socket, ref })
    else {
      this.#waiting.set(key, [{ socket, ref }])
      this.#wire.request(command, (answer) => this.#settle(key, answer))
    }
    return true
  }

  /** Forgets all. */
  clear (): void {
    this.#waiting.clear()
    this.#sent.clear()
  }

  #settle (key: string, answer: Answer): void {
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    if (answer.type === 'ack') this.#sent.set(key, answer)
    const [oldest] = this.#sent.keys()
    if (oldest !== undefined && this.#sent.size > MAX_SENT) this.#sent.delete(oldest)
    for (const { socket, ref } of waiting) this.#wire.tell([socket], { ...answer, ref })
  }
}
