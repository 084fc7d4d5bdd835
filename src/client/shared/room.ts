/**
 * Where the tabs of a user meet: each has sockets here, and one of them, the leader, has the real one. A Web Lock says
 * which: the browser gives it to the next tab whenever the one that has it is gone. A leader that does not answer loses
 * it.
 */
import type { SocketLike } from '../socket.ts'
import { Multiplexer } from './multiplexer.ts'
import type { Channel, Locks } from './platform.ts'
import type { TabMessage } from './tab-messages.ts'

/** A leader that has not answered for so long is replaced. */
const ANSWER_MS = 3_000
/** A tab without sockets may have one again in a moment: so long it stays, so that the lead does not change. */
const STAY_MS = 5_000
/** What a server says that restarts: come back. */
const RESTART = 1012
const COME_BACK = JSON.stringify({ type: 'drain', reconnect_in_ms: 1 })
const ID_BYTES = 9

/** Dependencies. */
export type RoomOptions = {
  locks: Locks
  openChannel: (name: string) => Channel
  name: string
  /** That of the socket. */
  url: string
  open: () => SocketLike
  /** Called when this tab has left the room. */
  onClosed: () => void
}

/** What becomes of a socket of this tab. */
export type RoomSocket = { readonly receive: (text: string) => void, readonly end: (code: number) => void }

type Joined = RoomSocket & { readonly hello: string, leader: string | undefined, timer: Timer | undefined }
type Timer = ReturnType<typeof setTimeout>

/** A room, as one tab sees it. */
export class Room {
  readonly #options: RoomOptions
  readonly #tab = newId()
  readonly #channel: Channel
  readonly #sockets = new Map<string, Joined>()
  /** Tabs that the leader notices the end of. */
  readonly #tabs = new Set<string>()
  /** Ends the waiting for the lead, and for the ends of other tabs. */
  readonly #ending = new AbortController()
  readonly #entered: Promise<void>
  #waiting = new AbortController()
  #release: (() => void) | undefined
  #multiplexer: Multiplexer | undefined
  #lastSocket = 0
  #leaving: Timer | undefined

  constructor (options: RoomOptions) {
    this.#options = options
    this.#channel = options.openChannel(options.name)
    this.#channel.onmessage = ({ data }) => this.#take(data)
    // Who gets this lock knows that the tab is gone: the leader must not be asked before this tab has it.
    this.#entered = new Promise((resolve) => this.#hold(this.#lockOf(this.#tab), {}, resolve, this.#ending))
    this.#waitForLead({ signal: this.#waiting.signal })
  }

  /** Begins a socket. @returns its name */
  join (hello: string, socket: RoomSocket): string {
    clearTimeout(this.#leaving)
    const name = `${this.#tab} ${String(++this.#lastSocket)}`
    this.#sockets.set(name, { ...socket, hello, leader: undefined, timer: undefined })
    this.#ask(name)
    return name
  }

  /** Passes a command on. */
  send (name: string, text: string): void {
    const leader = this.#sockets.get(name)?.leader
    if (leader !== undefined) this.#say({ type: 'command', leader, socket: name, text })
  }

  /** Ends a socket. */
  leave (name: string): void {
    const socket = this.#sockets.get(name)
    if (socket === undefined) return
    clearTimeout(socket.timer)
    this.#sockets.delete(name)
    this.#say({ type: 'leave', socket: name })
    if (this.#sockets.size === 0) this.#leaving = setTimeout(() => this.close(), STAY_MS)
  }

  /** Leaves the room with all sockets of this tab, at once: it may be frozen. */
  close (): void {
    clearTimeout(this.#leaving)
    for (const name of [...this.#sockets.keys()]) this.#lose(name)
    this.#resign()
    this.#waiting.abort()
    this.#ending.abort()
    this.#channel.close()
    this.#options.onClosed()
  }

  /** Asks the leader to take a socket, and replaces it if it does not. */
  #ask (name: string): void {
    const socket = this.#sockets.get(name)
    if (socket === undefined) return
    clearTimeout(socket.timer)
    socket.timer = setTimeout(() => this.#takeLead(), ANSWER_MS)
    void this.#entered.then(() => {
      if (this.#sockets.has(name)) this.#say({ type: 'join', tab: this.#tab, socket: name, hello: socket.hello })
    })
  }

  #waitForLead (options: { signal?: AbortSignal, steal?: boolean }): void {
    this.#hold(this.#options.name, options, () => this.#lead())
  }

  #takeLead (): void {
    if (this.#multiplexer !== undefined) return
    this.#waiting.abort()
    this.#waitForLead({ steal: true })
  }

  #lead (): void {
    this.#multiplexer = new Multiplexer({
      ...this.#options,
      deliver: (sockets, text) => this.#deliver({ type: 'frame', leader: this.#tab, sockets, text }),
      end: (sockets, code) => this.#deliver({ type: 'close', leader: this.#tab, sockets, code })
    })
    this.#say({ type: 'lead', leader: this.#tab })
  }

  /** Leads no more. Nothing of the lead is lost: others have it from the server. */
  #resign (): void {
    const multiplexer = this.#multiplexer
    this.#multiplexer = undefined
    multiplexer?.close()
    this.#tabs.clear()
    this.#release?.()
    this.#release = undefined
  }

  /** Holds a lock until {@link Room.#release}, or until another tab takes it. */
  #hold (
    name: string, options: { signal?: AbortSignal, steal?: boolean }, onHeld: () => void, until?: AbortController
  ): void {
    const hold = () => new Promise<void>((resolve) => {
      if (until === undefined) this.#release = resolve
      else until.signal.addEventListener('abort', () => resolve(), { once: true })
      onHeld()
    })
    this.#options.locks.request(name, options, hold).catch(() => {
      // It was given up before it was had; or another tab has taken the lead.
      if (until !== undefined || options.signal?.aborted === true) return
      this.#resign()
      this.#waiting = new AbortController()
      this.#waitForLead({ signal: this.#waiting.signal })
    })
  }

  /** Sends a message to all tabs, this one included. */
  #say (message: TabMessage): void {
    this.#channel.postMessage(message)
    this.#take(message)
  }

  #deliver (message: Extract<TabMessage, { sockets: readonly string[] }>): void {
    const isOwn = (name: string) => name.startsWith(`${this.#tab} `)
    if (!message.sockets.every(isOwn)) this.#channel.postMessage(message)
    this.#take(message)
  }

  #take (message: TabMessage): void {
    switch (message.type) {
      case 'join':
        if (this.#multiplexer === undefined) return
        this.#say({ type: 'joined', leader: this.#tab, socket: message.socket })
        this.#watch(message.tab)
        this.#multiplexer.join(message.socket, message.hello)
        return
      case 'command':
        if (message.leader === this.#tab) this.#multiplexer?.take(message.socket, message.text)
        return
      case 'leave':
        this.#multiplexer?.leave(message.socket)
        return
      case 'lead':
        // This one was frozen, and is not asked any more.
        if (message.leader !== this.#tab) this.#resign()
        for (const [name, socket] of [...this.#sockets]) {
          if (socket.leader === undefined) this.#ask(name)
          else if (socket.leader !== message.leader) this.#lose(name)
        }
        return
      case 'joined': {
        const socket = this.#sockets.get(message.socket)
        clearTimeout(socket?.timer)
        if (socket !== undefined) socket.leader ??= message.leader
        return
      }
      case 'frame':
        for (const socket of this.#of(message)) socket.receive(message.text)
        return
      case 'close':
        for (const name of message.sockets)
          if (this.#sockets.get(name)?.leader === message.leader) this.#end(name, message.code)
    }
  }

  /** The sockets of this tab that a message is for: those that its sender has taken. */
  #of ({ sockets, leader }: { readonly sockets: readonly string[], readonly leader: string }): Joined[] {
    return sockets.flatMap((name) => {
      const socket = this.#sockets.get(name)
      return socket?.leader === leader ? [socket] : []
    })
  }

  /** Notices the end of another tab, however it ends. */
  #watch (tab: string): void {
    if (tab === this.#tab || this.#tabs.has(tab)) return
    this.#tabs.add(tab)
    this.#options.locks.request(this.#lockOf(tab), { signal: this.#ending.signal }, async () => {
      if (this.#tabs.delete(tab)) this.#multiplexer?.leaveAll((name) => name.startsWith(`${tab} `))
    }).catch(() => undefined)
  }

  /** The leader of a socket is gone: it comes back at once, to the next one. */
  #lose (name: string): void {
    this.#say({ type: 'leave', socket: name })
    this.#sockets.get(name)?.receive(COME_BACK)
    this.#end(name, RESTART)
  }

  #end (name: string, code: number): void {
    const socket = this.#sockets.get(name)
    if (socket === undefined) return
    clearTimeout(socket.timer)
    this.#sockets.delete(name)
    socket.end(code)
  }

  #lockOf (tab: string): string {
    return `${this.#options.name} ${tab}`
  }
}

function newId (): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES))
  return Array.from(bytes, (byte) => byte.toString(36)).join('')
}
