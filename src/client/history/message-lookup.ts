/** Single messages, e.g. those that others quote. */
import type { ConfabClient } from '../client.ts'
import { type Live, LiveValue } from '../live.ts'
import { type Message, type MessageJson, messageOf, withFields } from '../types.ts'

const isMessage = withFields<MessageJson>('chat', 'seq', 'author')

/** Loads messages by their places, each once, when somebody subscribes; events keep them in step. */
export class MessageLookup {
  readonly #client: ConfabClient
  readonly #messages = new Map<string, LiveValue<Message | null>>()

  constructor (client: ConfabClient) {
    this.#client = client
    const take = (json: MessageJson | undefined) => {
      if (json !== undefined) this.#messages.get(keyOf(json.chat, json.seq))?.set(messageOf(json))
    }
    client.on('message.edited', ({ data }) => take(data?.message))
    client.on('message.deleted', ({ data }) => take(data?.message))
    client.on('reset', () => this.#messages.clear())
  }

  /** A message; null before it is loaded, and as long as it cannot be. */
  of (chat: string, seq: number): Live<Message | null> {
    const known = this.#messages.get(keyOf(chat, seq))
    if (known !== undefined) return known
    const value: LiveValue<Message | null> = new LiveValue<Message | null>(null, () => {
      if (value.getSnapshot() === null) {
        this.#client.request(`/chats/${chat}/messages/${String(seq)}`).then((message) => {
          if (isMessage(message)) value.set(messageOf(message))
        }, () => undefined)
      }
      return () => undefined
    })
    this.#messages.set(keyOf(chat, seq), value)
    return value
  }
}

function keyOf (chat: string, seq: number): string {
  return `${chat} ${String(seq)}`
}
