/**
 * Who is typing: shown to the others in a chat, never stored, and lost without a trace when the bus is away. Nothing is
 * answered, since clients send it with every key.
 */
import type { Bus } from '../bus/bus.ts'
import type { UserName } from '../domain/events/extras.ts'
import type { Paces } from '../lib/paces.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { ChatFeed } from './chat-feed.ts'
import type { Connection } from './connection.ts'
import type { PayloadSeal } from './payload-seal.ts'
import { chatChannel, type Room } from './rooms.ts'
import { TypingGate } from './typing-gate.ts'
import { TypingTypes } from './typing-types.ts'
import { decodeTyping, encodeTyping } from './typing-payload.ts'

export { isTyping } from './typing-payload.ts'

/** The type of the chats of two, who may block each other. All of them have typing. */
const DIRECT = 'direct'

/** Dependencies of the typing. */
export type TypingDeps = {
  bus: Bus
  origin: number
  seal: PayloadSeal | undefined
  /** The room of a chat that sockets of this replica follow. */
  roomOf: (chatId: number) => Room | undefined
  /** Rejects if the user of a socket is no member of a chat, or that cannot be read. */
  membership: (connection: Connection, chatId: number) => Promise<{ type: string }>
  /** Whether chats of a type have typing. */
  hasTyping: (type: string) => Promise<boolean>
  /** Whether one of the two of a direct chat has blocked the other. */
  isBlocked: (chatId: number) => Promise<boolean>
  /** The rate of the frames of each user, if it is limited. */
  typingPaces?: Paces | undefined
  metrics: Metrics
}

/** Passes on who is typing. */
export class Typing {
  readonly #deps: TypingDeps
  readonly #gate: TypingGate
  readonly #types: TypingTypes

  constructor (deps: TypingDeps) {
    this.#deps = deps
    this.#gate = new TypingGate(deps.origin)
    this.#types = new TypingTypes(deps.hasTyping)
  }

  /**
   * Shows to the others in a chat that the user of a socket is typing, if the user is in it, was not shown just now,
   * and chats of its type have typing. Between two of whom one has blocked the other nothing is shown.
   * @returns false when the user's frames are too many, and this one is dropped
   */
  note (connection: Connection, chatId: number): boolean {
    const { origin, membership, roomOf, typingPaces } = this.#deps
    const { userId } = connection.principal
    if (typingPaces !== undefined && typingPaces.take(userId, 1, 0) === undefined) return false
    if (!this.#gate.admits(chatId, userId, origin)) return true
    const { principal } = connection
    const type = connection.subscriptions.get(chatId)?.isVisitor === false ? roomOf(chatId)?.type : undefined
    if (type !== undefined) this.#publishIn(type, principal, chatId)
    else membership(connection, chatId).then(({ type }) => this.#publishIn(type, principal, chatId), () => undefined)
    return true
  }

  /** The same for a member, without a socket, of a chat that has typing and no block. */
  noteMember (user: UserName, chatId: number): void {
    const { origin, typingPaces } = this.#deps
    if (typingPaces !== undefined && typingPaces.take(user.userId, 1, 0) === undefined) return
    if (this.#gate.admits(chatId, user.userId, origin)) this.#publish(user, chatId)
  }

  /** Receives a payload of the channel of a chat. */
  hear (chatId: number, feed: ChatFeed, payload: Buffer): void {
    const { origin, seal, metrics } = this.#deps
    const hint = decodeTyping(payload, chatId, seal)
    if (hint === undefined) metrics.hintsUnsealed++
    else if (hint.origin !== origin && this.#gate.admits(chatId, hint.userId, hint.origin))
      show(feed, chatId, hint)
  }

  #publishIn (type: string, user: UserName, chatId: number): void {
    const isShown = this.#isShown(type, chatId)
    if (isShown === true) this.#publish(user, chatId)
    // Nobody minds when it is not shown because that cannot be read.
    else if (isShown !== false) isShown.then((has) => has && this.#publish(user, chatId), () => undefined)
  }

  #isShown (type: string, chatId: number): boolean | Promise<boolean> {
    if (type !== DIRECT) return this.#types.has(type)
    const room = this.#deps.roomOf(chatId)
    const known = room?.block
    // A block changes the version.
    return known !== undefined && known.membersVersion === room?.feed.knownMembersVersion
      ? !known.exists
      : this.#readBlock(chatId, room)
  }

  async #readBlock (chatId: number, room: Room | undefined): Promise<boolean> {
    const membersVersion = room?.feed.knownMembersVersion
    const exists = await this.#deps.isBlocked(chatId)
    if (room !== undefined && membersVersion !== undefined) room.block = { membersVersion, exists }
    return !exists
  }

  #publish ({ userId, username }: UserName, chatId: number): void {
    const { bus, origin, seal, roomOf } = this.#deps
    const room = roomOf(chatId)
    bus.publish(room?.channel ?? chatChannel(chatId), encodeTyping({ origin, userId, username }, chatId, seal))
    if (room !== undefined) show(room.feed, chatId, { userId, username })
  }
}

function show (feed: ChatFeed, chatId: number, { userId, username }: { userId: number, username: string }): void {
  feed.show({ kind: 'typing', chatId, username, userId }, userId)
}
