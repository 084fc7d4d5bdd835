/**
 * The chats that sockets of this replica follow, each with its feed and its subscription to the bus, which begins with
 * the first of them and ends some seconds after the last.
 */
import type { Bus, BusHandler } from '../bus/bus.ts'
import { ChatFeed, type FeedSource } from './chat-feed.ts'
import type { ChatView, Codec } from './codec.ts'
import type { ChatSubscription } from './connection.ts'
import { endSubscription } from './subscription.ts'

/** How long an unused subscription is kept, in milliseconds: a reloaded page is back within this time. */
const RELEASE_DELAY_MS = 5_000

/** A chat that is followed. */
export type Room = {
  readonly chatId: number
  readonly channel: string
  readonly feed: ChatFeed
  readonly hear: BusHandler
  /** The codecs of its sockets in this chat, by name. */
  readonly codecs: Map<string, Codec>
  /** The id that the application has chosen for the chat, if sockets here know it by that. */
  chosenId: string | undefined
  /** The type of the chat, as soon as a socket follows it. */
  type: string | undefined
  /** Whether there is a block in a direct chat, at a version of its membership; undefined until it is needed. */
  block: { membersVersion: number, exists: boolean } | undefined
  /** Until the bus has acknowledged the subscription. */
  opened: Promise<void> | undefined
  /** Number of joins that wait for the store. */
  joining: number
  releaseTimer: NodeJS.Timeout | undefined
}

/** Dependencies of the rooms. */
export type RoomsDeps = {
  bus: Bus
  source: FeedSource
  /** Receives the payloads of a chat's channel. */
  hear: (chatId: number, feed: ChatFeed, payload: Buffer) => void
}

/** The channel of a chat. */
export function chatChannel (chatId: number): string {
  return `chat:${String(chatId)}`
}

/** A codec in the chat of a room, which all of its sockets share. */
export function codecIn ({ codecs }: Room, codec: Codec, chat: ChatView): Codec {
  if (codec.forChat === undefined) return codec
  const known = codecs.get(codec.name)
  if (known !== undefined) return known
  const made = codec.forChat(chat)
  codecs.set(codec.name, made)
  return made
}

/** The rooms of a replica. */
export class Rooms {
  readonly #deps: RoomsDeps
  readonly #rooms = new Map<number, Room>()
  /** Those whose sockets know the chat by an id that the application has chosen. */
  readonly #named = new Map<string, Room>()

  constructor (deps: RoomsDeps) {
    this.#deps = deps
  }

  /** Number of rooms. */
  get size (): number {
    return this.#rooms.size
  }

  /** The chats that are followed. */
  get chatIds (): number[] {
    return [...this.#rooms.keys()]
  }

  /** The room of a chat, if it is followed. */
  get (chatId: number): Room | undefined {
    return this.#rooms.get(chatId)
  }

  /** The room of the chat with an id that the application has chosen, if sockets here know it by that. */
  named (chosenId: string): Room | undefined {
    return this.#named.get(chosenId)
  }

  /** Notes the id that the application has chosen for a chat. */
  name (room: Room, chosenId: string): void {
    room.chosenId = chosenId
    this.#named.set(chosenId, room)
  }

  /** The room of a chat, which is opened if need be. */
  open (chatId: number): Room {
    const known = this.#rooms.get(chatId)
    if (known !== undefined) {
      clearTimeout(known.releaseTimer)
      known.releaseTimer = undefined
      return known
    }
    const feed = new ChatFeed(chatId, this.#deps.source)
    const hear = (payload: Buffer) => this.#deps.hear(chatId, feed, payload)
    const channel = chatChannel(chatId)
    // Without the bus the sweep delivers, so a refused subscription is no reason to refuse the socket.
    const opened = this.#deps.bus.subscribe(channel, hear).catch(() => undefined)
    const room: Room = {
      chatId,
      channel,
      feed,
      hear,
      codecs: new Map(),
      chosenId: undefined,
      type: undefined,
      block: undefined,
      opened,
      joining: 0,
      releaseTimer: undefined
    }
    void opened.then(() => (room.opened = undefined))
    this.#rooms.set(chatId, room)
    return room
  }

  /** Has a room without subscribers closed in a while, unless somebody comes. */
  releaseIfUnused (room: Room): void {
    if (room.joining > 0 || !room.feed.isEmpty) return
    clearTimeout(room.releaseTimer)
    room.releaseTimer = setTimeout(() => {
      if (room.joining === 0 && room.feed.isEmpty) this.#release(room)
    }, RELEASE_DELAY_MS).unref()
  }

  /** Ends what a socket follows in a chat. */
  end (subscription: ChatSubscription): void {
    const room = this.#rooms.get(subscription.chatId)
    if (room === undefined) return
    // Events that were delivered before the leave are still sent.
    room.feed.flush()
    endSubscription(room.feed, subscription)
    this.releaseIfUnused(room)
  }

  /** Closes all rooms. */
  clear (): void {
    for (const room of this.#rooms.values()) this.#release(room)
  }

  #release (room: Room): void {
    clearTimeout(room.releaseTimer)
    room.feed.close()
    this.#deps.bus.unsubscribe(room.channel, room.hear)
    if (this.#rooms.get(room.chatId) === room) this.#rooms.delete(room.chatId)
    const { chosenId } = room
    if (chosenId !== undefined && this.#named.get(chosenId) === room) this.#named.delete(chosenId)
  }
}
