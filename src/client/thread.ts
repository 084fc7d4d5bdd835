/** The replies to a message as a live collection. */
import { MessageList, type MessageListOptions } from './message-list.ts'
import type { SendOptions, Sent } from './outbox.ts'

/** What a thread needs besides its messages. */
export type ThreadOptions = MessageListOptions & {
  send: (text: string, options: SendOptions) => Promise<Sent>
  markRead: (seq: number, parent: number) => void
}

/** A thread. */
export class Thread extends MessageList {
  readonly #parent: number
  readonly #options: ThreadOptions

  /** @param parent the seq of the message that is replied to */
  constructor (options: ThreadOptions, parent: number) {
    super(options, parent)
    this.#parent = parent
    this.#options = options
  }

  /** Sends a reply: see {@link Chat.send}. */
  send (text: string, options: SendOptions = {}): Promise<Sent> {
    return this.#options.send(text, { ...options, parent: this.#parent })
  }

  /** Marks the thread as read up to a seq, by default all that is loaded. Without a connection it is marked later. */
  markRead (seq: number = Math.max(0, ...this.getSnapshot().items.map((reply) => reply.seq ?? 0))): void {
    if (seq > 0) this.#options.markRead(seq, this.#parent)
  }
}
