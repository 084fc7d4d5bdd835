/** Sockets of `/v1/realtime` that count what they are sent, for the scenarios about many of them. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'

const CONNECTS_IN_FLIGHT = 100
/** Nothing comes any more when no frame has come for so long. */
const QUIET_MS = 2_000
const POLL_MS = 50

/** A socket of a user. */
export type Place = { userID: number, token: string }

/** Sockets of one replica. */
export class V1Crowd {
  readonly #url: string
  readonly #sockets = new Map<number, WebSocket>()
  readonly #counts = new Map<string, number>()
  #lost = 0
  lastFrameAt = performance.now()

  constructor (port: number) {
    this.#url = `ws://127.0.0.1:${String(port)}/v1/realtime`
  }

  /** Frames of a type so far. */
  count (type: string): number {
    return this.#counts.get(type) ?? 0
  }

  /** Opens a socket for each place, some at a time, and sends `command` when it is greeted, until that is confirmed. */
  async open (places: readonly Place[], command?: (place: Place) => object): Promise<void> {
    const waiting = [...places]
    await Promise.all(Array.from({ length: CONNECTS_IN_FLIGHT }, async () => {
      for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) await this.#open(place, command)
    }))
  }

  /** Sends a frame on the socket of a user. */
  send (userID: number, frame: object): void {
    this.#sockets.get(userID)?.send(JSON.stringify(frame))
  }

  /** Closes the sockets of these users, as a client does that leaves. */
  async leave (places: readonly Place[]): Promise<void> {
    await Promise.all(places.map(async ({ userID }) => {
      const socket = this.#sockets.get(userID)
      if (socket === undefined) return
      this.#sockets.delete(userID)
      socket.removeAllListeners('close')
      const closed = once(socket, 'close')
      socket.close()
      await closed
    }))
  }

  /** Resolves when no frame has come for a while. */
  async isQuiet (): Promise<void> {
    while (performance.now() - this.lastFrameAt < QUIET_MS) await delay(POLL_MS)
  }

  /** @throws when a socket was lost or a command refused */
  check (): void {
    const refused = this.count('problem')
    if (this.#lost > 0 || refused > 0)
      throw new Error(`${String(this.#lost)} sockets were lost, and ${String(refused)} problems were sent`)
  }

  close (): void {
    for (const socket of this.#sockets.values()) {
      socket.removeAllListeners('close')
      socket.terminate()
    }
  }

  async #open (place: Place, command: ((place: Place) => object) | undefined): Promise<void> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    this.#sockets.set(place.userID, socket)
    const last = command === undefined ? 'welcome' : 'ack'
    const done = new Promise<void>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => {
        this.#lost++
        reject(new Error('a socket was closed'))
      })
      socket.on('message', (data: Buffer) => {
        const [, type = ''] = /^\{"type":"(\w+)"/.exec(data.toString('latin1', 0, 64)) ?? []
        this.#counts.set(type, this.count(type) + 1)
        this.lastFrameAt = performance.now()
        if (type === last) resolve()
      })
    })
    done.catch(() => undefined)
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'hello', token: place.token }))
    if (command !== undefined) socket.send(JSON.stringify(command(place)))
    await done
  }
}
