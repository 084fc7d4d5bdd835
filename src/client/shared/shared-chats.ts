/** The chats that the sockets of a multiplexer follow: each once, however many follow it. */
import { type FrameOf, type ServerFrame, withFields } from '../types.ts'
import type { Command, Wire } from './multiplexer.ts'

type Subscribe = Command & { readonly chats: readonly { readonly chat: string, readonly after?: number }[] }
type Unsubscribe = Command & { readonly chats: readonly string[] }

const hasChats = withFields<Subscribe>('chats')
const hasNames = withFields<Unsubscribe>('chats')

/** `head` is known as soon as the server follows it. */
type Followed = { readonly sockets: Set<string>, readonly receipts: Map<string, number>, head: number | undefined }

/** See the head of this file. */
export class SharedChats {
  readonly #wire: Wire
  readonly #chats = new Map<string, Followed>()

  constructor (wire: Wire) {
    this.#wire = wire
  }

  /** Takes a command of a socket. @returns whether it was one of these */
  take (socket: string, command: Command): boolean {
    if (command.type === 'subscribe' && hasChats(command)) this.#subscribe(socket, command)
    else if (command.type === 'unsubscribe' && hasNames(command)) this.#unsubscribe(socket, command)
    else return false
    return true
  }

  /** Takes a frame of the server, and passes it on. @returns whether it concerned a chat */
  receive (frame: ServerFrame, text: string, deliver: (sockets: readonly string[], text: string) => void): boolean {
    const chat = frame.type === 'event' ? frame.event.chat : 'chat' in frame ? frame.chat : undefined
    if (chat === undefined || frame.type === 'feed') return false
    const followed = this.#chats.get(chat)
    if (followed === undefined) return true
    if (frame.type === 'event') followed.head = Math.max(followed.head ?? 0, frame.event.seq)
    else if (frame.type === 'subscribed') {
      followed.head = Math.max(followed.head ?? 0, frame.head)
      for (const { user, seq } of frame.receipts ?? []) followed.receipts.set(user, seq)
    } else if (frame.type === 'read' && frame.parent == null)
      followed.receipts.set(frame.user, Math.max(followed.receipts.get(frame.user) ?? 0, frame.seq))
    else if (frame.type === 'problem' || frame.type === 'reset') this.#chats.delete(chat)
    deliver([...followed.sockets], text)
    return true
  }

  /** A socket has ended. */
  leave (socket: string): void {
    this.#unsubscribe(socket, { type: 'unsubscribe', chats: [...this.#chats.keys()] })
  }

  /** Forgets all. */
  clear (): void {
    this.#chats.clear()
  }

  #subscribe (socket: string, { ref, chats }: Subscribe): void {
    const unknown = chats.filter(({ chat }) => !this.#chats.has(chat))
    for (const { chat } of chats) {
      const known = this.#chats.get(chat)
      if (known === undefined)
        this.#chats.set(chat, { sockets: new Set([socket]), receipts: new Map(), head: undefined })
      else known.sockets.add(socket)
      // What this socket has missed before it reads by itself: it sees that there is more than it has.
      if (known?.head !== undefined) this.#wire.tell([socket], subscribedFrame(chat, known, known.head))
    }
    this.#pass(socket, { type: 'subscribe', ref, chats: unknown })
  }

  #unsubscribe (socket: string, { ref, chats }: Unsubscribe): void {
    const left = chats.filter((chat) => {
      const followed = this.#chats.get(chat)
      return followed?.sockets.delete(socket) === true && followed.sockets.size === 0 && this.#chats.delete(chat)
    })
    this.#pass(socket, { type: 'unsubscribe', ref, chats: left })
  }

  /** Passes on what concerns the server, if there is anything. */
  #pass (socket: string, { ref, ...command }: { type: string, ref: number | undefined, chats: readonly unknown[] }) {
    const answer = (frame: object) => {
      if (ref !== undefined) this.#wire.tell([socket], { ...frame, ref })
    }
    if (command.chats.length === 0) answer({ type: 'ack' })
    else this.#wire.request(command, answer)
  }
}

function subscribedFrame (chat: string, { receipts }: Followed, head: number): FrameOf<'subscribed'> {
  return { type: 'subscribed', chat, head, receipts: [...receipts].map(([user, seq]) => ({ user, seq })) }
}
