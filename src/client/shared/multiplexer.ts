/** The real socket of several tabs: it passes on the commands of each, and the server's frames to those concerned. */
import { Http } from '../http.ts'
import { parseJson } from '../json.ts'
import type { SocketLike } from '../socket.ts'
import { type FeedEvent, type FrameOf, type Page, type ServerFrame, withFields } from '../types.ts'
import { SharedChats } from './shared-chats.ts'
import { SharedSends } from './shared-sends.ts'
import { SharedWatches } from './shared-watches.ts'

const TIMEOUT_MS = 15_000
const TRY_AGAIN_LATER = 1013
const LOST = 1006
/** A tab may follow this part of the chats of the socket, so that there is room for what only one of them follows. */
const PART_OF_CHATS = 0.75

/** A command of a socket. */
export type Command = { readonly type: string, readonly ref?: number }
type Hello = Command & { readonly token: string, readonly feed?: { readonly after?: number } }

const isCommand = withFields<Command>('type')
const isHello = withFields<Hello>('token')
const isFrame = withFields<ServerFrame>('type')
const isFeedPage = withFields<Page<FeedEvent>>('items')

/** The answer to a command. */
export type Answer = FrameOf<'ack' | 'problem'>

/** What the parts of a multiplexer can do. */
export type Wire = {
  /** Sends a command to the server, and passes its answer on. */
  request: (command: object, onAnswer: (answer: Answer) => void) => void
  /** Sends a frame to sockets. */
  tell: (sockets: Iterable<string>, frame: object) => void
}

/** Dependencies. */
export type MultiplexerOptions = {
  url: string
  open: () => SocketLike
  deliver: (sockets: readonly string[], text: string) => void
  end: (sockets: readonly string[], code: number) => void
}

/** A multiplexer. It has the real socket as long as there are sockets. */
export class Multiplexer {
  readonly #options: MultiplexerOptions
  readonly #http: Http
  /** The sockets, and whether they have been greeted. */
  readonly #members = new Map<string, { readonly hello: Hello, isGreeted: boolean }>()
  readonly #answers = new Map<number, (answer: Answer) => void>()
  readonly #wire: Wire
  readonly #parts: { chats: SharedChats, sends: SharedSends, watches: SharedWatches }
  #socket: SocketLike | undefined
  #welcome: FrameOf<'welcome'> | undefined
  #token = ''
  /** The position up to which the feed was received. */
  #pos = 0
  #lastRef = 0

  constructor (options: MultiplexerOptions) {
    this.#options = options
    const tokens = { get: async () => this.#token, refuse: () => undefined }
    const url = options.url.replace(/^ws/, 'http').replace(/\/v1\/realtime$/, '')
    this.#http = new Http({ url, tokens, fetch: (...call) => fetch(...call), timeoutMs: TIMEOUT_MS })
    this.#wire = {
      request: (command, onAnswer) => {
        this.#answers.set(++this.#lastRef, onAnswer)
        this.#socket?.send(JSON.stringify({ ...command, ref: this.#lastRef }))
      },
      tell: (sockets, frame) => this.#options.deliver([...sockets], JSON.stringify(frame))
    }
    this.#parts = {
      chats: new SharedChats(this.#wire), sends: new SharedSends(this.#wire), watches: new SharedWatches(this.#wire)
    }
  }

  /** Takes a socket. @param text its hello */
  join (name: string, text: string): void {
    const hello = parseJson(text)
    if (!isHello(hello)) {
      this.#options.end([name], LOST)
      return
    }
    this.#members.set(name, { hello, isGreeted: false })
    if (this.#socket === undefined) this.#open(hello, text)
    else if (this.#welcome !== undefined) void this.#greet(name)
  }

  /** Takes a command of a socket. */
  take (name: string, text: string): void {
    const command = parseJson(text)
    if (!isCommand(command) || !this.#members.has(name)) return
    if (command.type === 'token' && isHello(command)) this.#token = command.token
    const { chats, sends, watches } = this.#parts
    if (chats.take(name, command) || sends.take(name, command) || watches.take(name, command)) return
    const { ref } = command
    if (ref === undefined) this.#socket?.send(text)
    else this.#wire.request(command, (answer) => this.#wire.tell([name], { ...answer, ref }))
  }

  /** Ends a socket. With the last one ends the real one. */
  leave (name: string): void {
    if (!this.#members.delete(name)) return
    if (this.#members.size === 0) this.close()
    else for (const part of [this.#parts.chats, this.#parts.watches]) part.leave(name)
  }

  /** The same for several. */
  leaveAll (isMeant: (name: string) => boolean): void {
    for (const name of [...this.#members.keys()].filter(isMeant)) this.leave(name)
  }

  /** Ends the real socket. */
  close (): void {
    const socket = this.#socket
    this.#forget()
    socket?.close()
  }

  #open (hello: Hello, text: string): void {
    this.#token = hello.token
    const socket = this.#socket = this.#options.open()
    socket.addEventListener('open', () => {
      if (this.#socket === socket) socket.send(text)
    })
    socket.addEventListener('message', ({ data }) => {
      const frame = typeof data === 'string' ? parseJson(data) : undefined
      if (this.#socket === socket && typeof data === 'string' && isFrame(frame)) this.#receive(frame, data)
    })
    // A close event follows.
    socket.addEventListener('error', () => undefined)
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket !== socket) return
      const sockets = [...this.#members.keys()]
      this.#forget()
      this.#options.end(sockets, code)
    })
  }

  #receive (frame: ServerFrame, text: string): void {
    if (frame.type === 'welcome') {
      const [first] = this.#members.values()
      this.#welcome = { ...frame, limits: { ...frame.limits, chats: Math.ceil(frame.limits.chats * PART_OF_CHATS) } }
      // What the feed has said since then follows.
      this.#pos = Math.min(first?.hello.feed?.after ?? frame.pos, frame.pos)
      for (const name of this.#members.keys()) void this.#greet(name)
      return
    }
    if (frame.type === 'feed') this.#pos = Math.max(this.#pos, frame.event.pos)
    const { chats, watches } = this.#parts
    if (chats.receive(frame, text, this.#options.deliver) || watches.receive(frame)) return
    if (frame.type === 'ack' || (frame.type === 'problem' && frame.ref !== undefined)) {
      const ref = Number(frame.ref)
      const answer = this.#answers.get(ref)
      this.#answers.delete(ref)
      answer?.(frame)
      return
    }
    this.#options.deliver([...this.#members].filter(([, { isGreeted }]) => isGreeted).map(([name]) => name), text)
  }

  /** Greets a socket as the server does, and brings its feed up to where this one is. */
  async #greet (name: string): Promise<void> {
    const { hello } = this.#members.get(name) ?? {}
    const missed: FeedEvent[] = []
    try {
      for (let after = hello?.feed?.after ?? this.#pos; after < this.#pos; after = missed.at(-1)?.pos ?? this.#pos) {
        const { items } = await this.#http.request(`/feed?after=${String(after)}`, isFeedPage)
        missed.push(...items)
        if (items.length === 0) break
      }
    } catch {
      if (this.#members.delete(name)) this.#options.end([name], TRY_AGAIN_LATER)
      return
    }
    const member = this.#members.get(name)
    if (member === undefined || this.#welcome === undefined) return
    member.isGreeted = true
    this.#wire.tell([name], { ...this.#welcome, pos: Math.max(this.#welcome.pos, this.#pos) })
    for (const event of missed) this.#wire.tell([name], { type: 'feed', event })
  }

  #forget (): void {
    this.#socket = this.#welcome = undefined
    this.#members.clear()
    this.#answers.clear()
    for (const part of Object.values(this.#parts)) part.clear()
  }
}
