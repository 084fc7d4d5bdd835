/** The users whose presence the sockets of a multiplexer watch. */
import { type FrameOf, type ServerFrame, withFields } from '../types.ts'
import type { Command, Wire } from './multiplexer.ts'

type Watch = Command & { readonly users: readonly string[] }
const hasUsers = withFields<Watch>('users')

type Watched = { readonly sockets: Set<string>, frame: FrameOf<'presence'> | undefined }

/** See the head of this file. */
export class SharedWatches {
  readonly #wire: Wire
  readonly #users = new Map<string, Watched>()

  constructor (wire: Wire) {
    this.#wire = wire
  }

  /** Takes a command of a socket. @returns whether it was one of these */
  take (socket: string, command: Command): boolean {
    if (!hasUsers(command) || (command.type !== 'watch' && command.type !== 'unwatch')) return false
    const { ref, type, users } = command
    const changed = users.filter((user) => type === 'watch' ? this.#watch(socket, user) : this.#unwatch(socket, user))
    const answer = (frame: object) => {
      if (ref !== undefined) this.#wire.tell([socket], { ...frame, ref })
    }
    if (changed.length === 0) answer({ type: 'ack' })
    else this.#wire.request({ type, users: changed }, answer)
    return true
  }

  /** Takes a frame of the server, and passes it on. @returns whether it was one of these */
  receive (frame: ServerFrame): boolean {
    if (frame.type !== 'presence') return false
    const watched = this.#users.get(frame.user)
    if (watched === undefined) return true
    watched.frame = frame
    this.#wire.tell(watched.sockets, frame)
    return true
  }

  /** A socket has ended. */
  leave (socket: string): void {
    const unwatch: Watch = { type: 'unwatch', users: [...this.#users.keys()] }
    this.take(socket, unwatch)
  }

  /** Forgets all. */
  clear (): void {
    this.#users.clear()
  }

  /** @returns whether the server has to be told */
  #watch (socket: string, user: string): boolean {
    const known = this.#users.get(user)
    if (known === undefined) {
      this.#users.set(user, { sockets: new Set([socket]), frame: undefined })
      return true
    }
    known.sockets.add(socket)
    if (known.frame !== undefined) this.#wire.tell([socket], known.frame)
    return false
  }

  #unwatch (socket: string, user: string): boolean {
    const watched = this.#users.get(user)
    return watched?.sockets.delete(socket) === true && watched.sockets.size === 0 && this.#users.delete(user)
  }
}
