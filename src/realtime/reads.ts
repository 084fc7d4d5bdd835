/**
 * Read marks that grow, shown to sockets: to those in the chat if others may know, and to those of the reader. They are
 * not repeated: the next one heals one that was lost.
 */
import type { Bus } from '../bus/bus.ts'
import type { MovedMark } from '../domain/chats/read-marks.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { ChatFeed } from './chat-feed.ts'
import type { Connection } from './connection.ts'
import type { PayloadSeal } from './payload-seal.ts'
import { decodeRead, encodeRead, isRead, type ReadHint } from './read-payload.ts'
import { chatChannel, type Room } from './rooms.ts'
import { userChannel } from './user-events.ts'

export { isRead } from './read-payload.ts'

/** Dependencies. */
export type ReadsDeps = {
  bus: Bus
  origin: number
  seal: PayloadSeal | undefined
  /** The room of a chat that sockets of this replica follow. */
  roomOf: (chatId: number) => Room | undefined
  metrics: Metrics
}

/** Shows read marks. */
export class Reads {
  readonly #deps: ReadsDeps

  constructor (deps: ReadsDeps) {
    this.#deps = deps
  }

  /** Shows a mark that a user has moved on this replica. */
  announce (mark: MovedMark): void {
    const { bus, origin, seal, roomOf } = this.#deps
    const { chatId, userId, isShared } = mark
    const hint = { ...mark, origin }
    if (isShared) {
      const room = roomOf(chatId)
      bus.publish(room?.channel ?? chatChannel(chatId), encodeRead(hint, chatId, seal))
      if (room !== undefined) show(room.feed, mark)
    }
    bus.publish(userChannel(userId), encodeRead(hint, userId, seal))
  }

  /** Receives a payload of the channel of a chat. */
  hear (chatId: number, feed: ChatFeed, payload: Buffer): void {
    const hint = this.#decode(payload, chatId)
    if (hint !== undefined && hint.origin !== this.#deps.origin) show(feed, hint)
  }

  /**
   * Receives a payload of the channel of a user.
   * @param sockets those of the user here that are to know of all chats
   * @returns false when it is about something else
   */
  hearOwn (userId: number, payload: Buffer, sockets: Iterable<Connection>): boolean {
    if (!isRead(payload)) return false
    const hint = this.#decode(payload, userId)
    if (hint === undefined) return true
    for (const connection of sockets) {
      const { codec, principal, subscriptions } = connection
      const isTold = hint.isShared && subscriptions.has(hint.chatId)
      const shown = isTold || principal.chats?.may(hint.chat, 'read') === false
        ? undefined
        : codec.showNotice?.({ kind: 'read', ...hint })
      if (shown !== undefined) connection.tell(shown)
    }
    return true
  }

  #decode (payload: Buffer, channelOf: number): ReadHint | undefined {
    const { seal, metrics } = this.#deps
    const hint = decodeRead(payload, channelOf, seal)
    if (hint === undefined) metrics.hintsUnsealed++
    return hint
  }
}

function show (feed: ChatFeed, mark: MovedMark): void {
  feed.show({ kind: 'read', ...mark })
}
