/** A WebSocket that is one for all tabs in which the same user is. */
import { Emitter } from '../emitter.ts'
import { parseJson, textOf } from '../json.ts'
import type { SocketConstructor, SocketLike } from '../socket.ts'
import { onFreeze, platform } from './platform.ts'
import { Room } from './room.ts'
import { roomName } from './tab-messages.ts'

// Missing in Node.js before 22.
declare const WebSocket: SocketConstructor | undefined

type Events = { open: undefined, error: undefined, message: { data: string }, close: { code: number } }

/** The rooms that this tab is in. */
const rooms = new Map<string, Room>()

/** A socket in a room: it takes the place of a WebSocket. */
class SharedSocket extends Emitter<Events> implements SocketLike {
  readonly #enter: (hello: string) => Room
  #room: Room | undefined
  #id: string | undefined

  constructor (enter: (hello: string) => Room) {
    super()
    this.#enter = enter
    queueMicrotask(() => this.emit('open', undefined))
  }

  /** Calls `listener` for each event of a type. */
  addEventListener<Type extends keyof Events> (type: Type, listener: (event: Events[Type]) => void): void {
    this.on(type, listener)
  }

  /** Takes a command; the first one says whose socket it is. */
  send (text: string): void {
    if (this.#room !== undefined && this.#id !== undefined) {
      this.#room.send(this.#id, text)
      return
    }
    this.#room = this.#enter(text)
    this.#id = this.#room.join(text, {
      receive: (data) => this.emit('message', { data }),
      end: (code) => this.emit('close', { code })
    })
  }

  /** Ends it. */
  close (): void {
    if (this.#id !== undefined) this.#room?.leave(this.#id)
  }
}

/**
 * Makes what {@link ClientOptions.WebSocket} takes: the tabs of a browser in which the same user is share one socket.
 * One of them has it; when that is closed or frozen, another one opens it, and the clients go on where they were. Where
 * a browser cannot do that, each tab has a socket of its own.
 * @param socket by default that of the platform; without one there is nothing to share
 */
export function shareSocket (
  socket: SocketConstructor | undefined = typeof WebSocket === 'function' ? WebSocket : undefined
): SocketConstructor | undefined {
  const tools = platform()
  if (socket === undefined || tools === undefined) return socket
  onFreeze(() => {
    for (const room of rooms.values()) room.close()
  })
  const enter = (url: string, hello: string): Room => {
    const name = roomName(url, textOf(parseJson(hello), 'token') ?? '')
    const room = rooms.get(name) ?? new Room({
      ...tools,
      name,
      url,
      open: () => new socket(url),
      onClosed: () => {
        if (rooms.get(name) === room) rooms.delete(name)
      }
    })
    rooms.set(name, room)
    return room
  }
  return class {
    declare send: SocketLike['send']
    declare close: SocketLike['close']
    declare addEventListener: SocketLike['addEventListener']

    constructor (url: string) {
      return new SharedSocket((hello) => enter(url, hello))
    }
  }
}
