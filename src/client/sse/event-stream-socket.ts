/**
 * What a WebSocket does for the client, by a stream of server-sent events for what the server says, and requests for
 * what the client says.
 */
import { Emitter } from '../emitter.ts'
import { Http } from '../http.ts'
import { parseJson } from '../json.ts'
import { ConfabProblem, problemOf } from '../problem.ts'
import type { SocketLike } from '../socket.ts'
import { type FeedEvent, type Page, type ServerFrame, withFields } from '../types.ts'
import { type ChatToFollow, FollowedChats } from './chats.ts'
import { type Command, perform } from './commands.ts'
import { readEvents } from './event-stream.ts'

const TIMEOUT_MS = 15_000
/** The server sends a comment every 15 seconds. */
const SILENCE_MS = 40_000
/** Chats of one moment are followed together: each time a stream begins anew. */
const DELAY_MS = 10
const UNAUTHORIZED = 401
/** Close codes of the socket. */
const CLOSE = { lost: 1006, refused: 1008, later: 1013 } as const

type Hello = Command & { readonly token: string, readonly epoch?: string, readonly feed?: { readonly after?: number } }
type Subscribe = Command & { readonly chats: readonly ChatToFollow[], readonly ref: number }
type Unsubscribe = Command & { readonly chats: readonly string[] }

const isCommand = withFields<Command>('type')
const isHello = withFields<Hello>('token')
const isSubscribe = withFields<Subscribe>('chats', 'ref')
const isFrame = withFields<ServerFrame>('type')
const isFeedPage = withFields<Page<FeedEvent>>('items', 'next')

type Events = { open: undefined, error: undefined, message: { data: string }, close: { code: number } }

/** See the head of this file. It takes the place of a WebSocket: {@link ClientOptions.WebSocket}. */
export class EventStreamSocket extends Emitter<Events> implements SocketLike {
  readonly #url: string
  readonly #http: Http
  readonly #chats: FollowedChats
  #hello: Hello | undefined
  #stream: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #heardAt = 0
  /** The feed is known up to there. */
  #pos: number | undefined
  #isClosed = false

  /** @param url that of the WebSocket */
  constructor (url: string) {
    super()
    this.#url = url.replace(/^ws/, 'http')
    const tokens = { get: async () => this.#hello?.token ?? '', refuse: () => undefined }
    const base = this.#url.replace(/\/v1\/realtime$/, '')
    this.#http = new Http({ url: base, tokens, fetch: (...call) => fetch(...call), timeoutMs: TIMEOUT_MS })
    this.#chats = new FollowedChats(this.#http)
    queueMicrotask(() => this.emit('open', undefined))
  }

  /** Calls `listener` for each event of a type. */
  addEventListener<Type extends keyof Events> (type: Type, listener: (event: Events[Type]) => void): void {
    this.on(type, listener)
  }

  /** Takes a command. */
  send (text: string): void {
    const command = parseJson(text)
    if (!isCommand(command) || this.#isClosed) return
    this.#perform(command).catch((error: unknown) => this.#refuse(problemOf(error), command))
  }

  /** Ends it. */
  close (): void {
    this.#end(CLOSE.lost)
  }

  async #perform (command: Command): Promise<void> {
    if (isHello(command)) {
      this.#hello = { ...this.#hello, ...command }
      this.#beginSoon()
    } else if (isSubscribe(command) && command.type === 'subscribe') {
      this.#follow(command)
      return
    }
    switch (command.type) {
      case 'hello':
        return
      case 'unsubscribe':
        if (withFields<Unsubscribe>('chats')(command)) for (const chat of command.chats) this.#chats.delete(chat)
        break
      case 'ping':
        // Without an answer the client gives up.
        if (Date.now() - this.#heardAt > SILENCE_MS) return
        break
      default: {
        const outcome = await perform(this.#http, command)
        if (command.ref !== undefined) this.#say({ type: 'ack', ref: command.ref, ...outcome })
        return
      }
    }
    this.#acknowledge(command.ref)
  }

  #follow ({ ref, chats }: Subscribe): void {
    const refused = this.#chats.add(ref, chats)
    this.#beginSoon()
    for (const chat of refused) this.#settle(chat, new ConfabProblem('too_many_chats', 'A stream follows 100 chats.'))
  }

  #beginSoon (): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#stream?.abort()
      const stream = this.#stream = new AbortController()
      this.#run(stream).then(
        () => this.#lose(stream, CLOSE.lost),
        (error: unknown) => this.#lose(stream, closeCodeOf(problemOf(error)))
      )
    }, DELAY_MS)
  }

  /** Reads a stream to its end. */
  async #run (stream: AbortController): Promise<void> {
    const { ids } = this.#chats
    const chats = ids.length > 0 ? `&chats=${ids.join(',')}` : ''
    const answer = await fetch(`${this.#url}/sse?feed=1${chats}`, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${this.#hello?.token ?? ''}`
      },
      signal: stream.signal
    })
    if (!answer.ok || answer.body === null)
      throw new ConfabProblem('refused', 'There is no stream.', { status: answer.status })
    for await (const data of readEvents(answer.body)) {
      this.#heardAt = Date.now()
      const frame = parseJson(data)
      if (isFrame(frame)) await this.#take(frame)
      if (stream !== this.#stream) return
    }
  }

  async #take (frame: ServerFrame): Promise<void> {
    if (frame.type === 'welcome') {
      await this.#welcome(frame)
      return
    }
    if (frame.type === 'subscribed') {
      try {
        const missed = await this.#chats.missed(frame.chat, frame.head)
        if (missed === undefined) return
        for (const event of missed.events) this.#say({ type: 'event', event })
        if (!missed.isFirst) return
        this.#say(frame)
        this.#settle(frame.chat)
      } catch (error) {
        this.#settle(frame.chat, problemOf(error))
      }
      return
    }
    if (frame.type === 'problem' && frame.chat !== undefined) {
      this.#settle(frame.chat, new ConfabProblem(frame.code, frame.detail, frame))
      return
    }
    if (frame.type === 'event') this.#chats.note(frame.event)
    if (frame.type === 'feed') this.#pos = frame.event.pos
    if (frame.type === 'reset' && frame.chat !== undefined) this.#chats.delete(frame.chat)
    this.#say(frame)
  }

  async #welcome (frame: Extract<ServerFrame, { type: 'welcome' }>): Promise<void> {
    if (this.#pos === undefined) {
      const { epoch = frame.epoch, feed } = this.#hello ?? {}
      if (epoch !== frame.epoch) this.#say({ type: 'reset', reason: 'epoch_changed' })
      this.#pos = epoch === frame.epoch ? feed?.after ?? frame.pos : frame.pos
      this.#say(frame)
    }
    // Between two streams the feed goes on; the client leaves out what it has twice.
    for (let at = this.#pos; at < frame.pos;) {
      const { items } = await this.#http.request(`/feed?after=${String(at)}`, isFeedPage)
      for (const event of items) this.#say({ type: 'feed', event })
      at = items.at(-1)?.pos ?? frame.pos
      this.#pos = at
    }
  }

  #settle (chat: string, problem?: ConfabProblem): void {
    if (problem !== undefined) {
      const { code, message: detail, retryable } = problem
      this.#chats.delete(chat)
      this.#say({ type: 'problem', chat, code, detail, retryable })
    }
    for (const ref of this.#chats.settle(chat)) this.#acknowledge(ref)
  }

  #acknowledge (ref: number | undefined): void {
    if (ref !== undefined) this.#say({ type: 'ack', ref })
  }

  #refuse ({ code, message: detail, retryable, status }: ConfabProblem, { ref }: Command): void {
    if (status === UNAUTHORIZED) this.#end(CLOSE.refused)
    else if (ref !== undefined) this.#say({ type: 'problem', ref, code, detail, retryable })
  }

  #say (frame: ServerFrame): void {
    if (!this.#isClosed) this.emit('message', { data: JSON.stringify(frame) })
  }

  #lose (stream: AbortController, code: number): void {
    if (stream === this.#stream) this.#end(code)
  }

  #end (code: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#stream?.abort()
    this.emit('close', { code })
  }
}

function closeCodeOf ({ status = 0 }: ConfabProblem): number {
  if (status === UNAUTHORIZED) return CLOSE.refused
  return status > UNAUTHORIZED ? CLOSE.later : CLOSE.lost
}
