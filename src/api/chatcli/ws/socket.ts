/** The life of one ChatCLI socket: authentication, then its actions in the order they were sent. */
import type { WebSocket } from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'
import { asChatError, ChatError } from '../../../domain/errors.ts'
import type { Receipt } from '../../../domain/events/event-writer.ts'
import type { Session } from '../../../domain/accounts/sessions.ts'
import { closeLabel } from '../../../observability/metrics/metrics.ts'
import { CLOSE_CODES } from '../../../realtime/close-codes.ts'
import { Connection } from '../../../realtime/connection.ts'
import { readTextFrames, type TextReader } from '../../../lib/websocket/frame-reader.ts'
import { parseTraceparent } from '../../../observability/tracing/trace-context.ts'
import { FrameQueue, type IncomingFrame } from '../../../realtime/frame-queue.ts'
import { FrameRate } from '../../../realtime/frame-rate.ts'
import {
  type Action,
  type Answer,
  AUTH_ACK,
  decodeAction,
  errorFrame,
  joinAck,
  leaveAck,
  parseFrame,
  postAck,
  refOf
} from './frames.ts'
import type { RefValue } from './ref.ts'
import { type Answerer, type PostAction, SocketPost } from './socket-post.ts'

const MS_PER_S = 1_000

/** Serves a socket until it closes. */
export class ChatSocket implements Answerer, TextReader {
  readonly #app: FastifyInstance
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #rate: FrameRate | undefined
  /** While a frame is waited for. */
  #queue: FrameQueue | undefined
  #authTimer: NodeJS.Timeout | undefined
  #connection: Connection | undefined

  /** @param socket the TCP socket under the WebSocket */
  constructor (app: FastifyInstance, webSocket: WebSocket, socket: Socket) {
    const { authDeadlineMs, framesPerSecond, frameBurst, maxFrameBytes } = app.config.sockets
    this.#app = app
    this.#webSocket = webSocket
    this.#socket = socket
    this.#rate = app.config.rateLimits ? new FrameRate(framesPerSecond, frameBurst) : undefined
    this.#authTimer = setTimeout(() => this.#refuse('timeout', 'no auth frame in time'), authDeadlineMs)
    app.metrics.socketsOpened++
    const stopReading = readTextFrames(socket, maxFrameBytes, this)
    webSocket.on('message', (data, isBinary) => {
      if (Buffer.isBuffer(data)) this.#take(isBinary ? undefined : data.toString())
    })
    webSocket.on('pong', () => this.#noteLife())
    webSocket.on('error', () => {
      stopReading()
      this.#connection?.markClosed()
      // `ws` has sent the fitting close code already where the frames were broken, and then this changes nothing.
      webSocket.close(CLOSE_CODES.internal)
    })
    webSocket.on('close', (code) => this.#forget(code))
  }

  #noteLife (): void {
    if (this.#connection !== undefined) this.#connection.isAlive = true
  }

  readText (text: string): void {
    this.#take(text)
  }

  #take (frame: IncomingFrame): void {
    this.#noteLife()
    if (this.#queue !== undefined) this.#queue.add(frame)
    else {
      const pending = this.#handle(frame)
      if (pending !== undefined) void this.#waitFor(pending)
    }
  }

  /** What comes in while a frame is waited for is handled behind it, in order. */
  async #waitFor (pending: Promise<void>): Promise<void> {
    const queue = (this.#queue = new FrameQueue())
    this.#webSocket.pause()
    await pending
    await queue.empty((frame) => this.#handle(frame))
    this.#queue = undefined
    // Also when the socket is closing: the client's half of the handshake must be read.
    this.#webSocket.resume()
  }

  /** Handles a frame. A promise means that the next one must wait. */
  #handle (frame: IncomingFrame): Promise<void> | undefined {
    const connection = this.#connection
    if (connection === undefined)
      return this.#webSocket.readyState === this.#webSocket.OPEN ? this.#authenticate(frame) : undefined
    if (!(connection.isOpen || connection.isLeaving) || !this.#isWithinRate(connection)) return undefined
    let parsed: object | undefined
    try {
      parsed = parseFrame(frame)
      const action = decodeAction(parsed)
      this.#app.metrics.framesReceived.add(action.type)
      return this.#perform(connection, action)?.catch((error: unknown) =>
        this.#answerError(connection, error, refOf(parsed))
      )
    } catch (error) {
      this.#noteBadFrame(error)
      this.#answerError(connection, error, refOf(parsed))
      return undefined
    }
  }

  #isWithinRate (connection: Connection): boolean {
    const verdict = this.#rate?.take() ?? 'accept'
    if (verdict === 'accept') return true
    this.#app.metrics.rateLimited.add('frames')
    this.#send(connection, errorFrame(new ChatError('too_many_frames')))
    if (verdict === 'close') connection.close(CLOSE_CODES.refused, 'too many frames')
    return false
  }

  #perform (connection: Connection, action: Action): Promise<void> | undefined {
    // On its way out it cannot be answered any more, but what it posted before it was told need not be lost.
    if (!connection.isOpen && action.type !== 'post_msg') return undefined
    switch (action.type) {
      case 'post_msg':
        this.#post(connection, action)
        return undefined
      case 'join_chat':
        return this.#join(connection, action)
      case 'leave_chat':
        this.#app.hub.leave(connection, action.chatID)
        if (action.ref !== undefined) this.#send(connection, leaveAck(action.ref, action.chatID))
        return undefined
      case 'auth':
        return this.#renew(connection, action.token)
    }
  }

  /** Posts are not waited for, so that a socket's posts share batches; the poster keeps their order. */
  #post (connection: Connection, action: PostAction): void {
    const span = this.#app.tracing?.begin('post_msg', {
      kind: 'server',
      parent: parseTraceparent(action.traceparent),
      attributes: { 'chat.id': action.chatID, 'user.id': connection.session.userId }
    })
    connection.beginPost()
    this.#app.services.messages.post(new SocketPost(this, connection, action, span))
  }

  /** Tells a socket what became of its post. */
  answerPost ({ connection, action: { ref }, startedAt, span }: SocketPost, outcome: Receipt | ChatError): void {
    const { metrics } = this.#app
    if (outcome instanceof ChatError) {
      span?.fail(outcome.code)
      this.#answerError(connection, outcome, ref)
    } else {
      if (ref !== undefined) this.#send(connection, postAck(ref, outcome))
      if (outcome.duplicate) metrics.postDuplicates++
      metrics.postSeconds.observe((performance.now() - startedAt) / MS_PER_S)
      span?.end({ 'chat.seq': outcome.message.seq })
    }
    connection.endPost()
  }

  async #join (
    connection: Connection,
    { chatID, after, epoch: known, ref }: Extract<Action, { type: 'join_chat' }>
  ): Promise<void> {
    // It waits for the posts before it.
    await connection.postsSettled()
    const { epoch } = this.#app.services
    if (typeof known === 'string') await epoch.confirm(known)
    const { current } = epoch
    const seq = await this.#app.hub.join(connection, chatID, after).catch(async (error: unknown) => {
      // A chat that is shorter than its reader knew: its history may be another, and this replica the first to see it.
      if (asChatError(error).code === 'position_unknown' && typeof known === 'string') {
        await epoch.check()
        await epoch.confirm(known)
      }
      throw error
    })
    // Only who speaks of the epoch is told of it.
    if (ref !== undefined) this.#send(connection, joinAck(ref, chatID, seq, known === undefined ? undefined : current))
  }

  async #authenticate (frame: IncomingFrame): Promise<void> {
    let session: Session
    try {
      const action = decodeAction(parseFrame(frame))
      this.#app.metrics.framesReceived.add(action.type)
      if (action.type !== 'auth') throw new ChatError('unauthenticated')
      session = await this.#app.accessTokens.authenticate(action.token)
    } catch (error) {
      const { code } = asChatError(error)
      if (code === 'unavailable' || code === 'internal') {
        this.#app.metrics.authFailures.add('unavailable')
        this.#webSocket.close(CLOSE_CODES.tryAgainLater, 'cannot authenticate now')
      } else this.#refuse('refused', 'not authenticated')
      return
    }
    clearTimeout(this.#authTimer)
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    const connection = new Connection(
      this.#webSocket,
      this.#socket,
      session,
      this.#app.config.sockets,
      this.#app.metrics
    )
    if (!this.#app.connections.hasRoomFor(session.userId)) {
      this.#app.metrics.authFailures.add('too_many_sockets')
      this.#send(connection, errorFrame(new ChatError('too_many_sockets')))
      connection.close(CLOSE_CODES.tryAgainLater, 'too many sockets')
      return
    }
    this.#connection = connection
    this.#app.connections.add(connection)
    this.#send(connection, AUTH_ACK)
  }

  /** A newer token of the same user lets the socket live on; any other is an error, and the old one stays. */
  async #renew (connection: Connection, token: string): Promise<void> {
    const session = await this.#app.accessTokens.authenticate(token)
    if (session.userId !== connection.session.userId) throw new ChatError('unauthenticated')
    this.#app.connections.remove(connection)
    connection.renew(session)
    if (connection.isOpen) this.#app.connections.add(connection)
    this.#send(connection, AUTH_ACK)
  }

  #answerError (connection: Connection, error: unknown, ref: RefValue | undefined): void {
    const chatError = asChatError(error)
    if (chatError.code === 'internal' || chatError.code === 'unavailable')
      this.#app.log.error({ err: error }, 'action failed')
    this.#send(
      connection,
      errorFrame(chatError, ref, chatError.code === 'epoch_changed' ? this.#app.services.epoch.current : undefined)
    )
  }

  #send (connection: Connection, frame: Answer): void {
    if (!connection.isOpen) return
    this.#app.metrics.framesSent.add(frame.type)
    connection.send(frame)
  }

  /** What is no action of ours is counted by how it is wrong, not by what the client calls it. */
  #noteBadFrame (error: unknown): void {
    this.#app.metrics.framesReceived.add(asChatError(error).code === 'unknown_action' ? 'unknown' : 'invalid')
  }

  #refuse (cause: 'refused' | 'timeout', reason: string): void {
    this.#app.metrics.authFailures.add(cause)
    this.#webSocket.close(CLOSE_CODES.refused, reason)
  }

  #forget (code: number): void {
    clearTimeout(this.#authTimer)
    this.#app.metrics.socketsClosed.add(closeLabel(this.#connection?.closedWith ?? code))
    if (this.#connection === undefined) return
    this.#app.connections.remove(this.#connection)
    this.#app.hub.remove(this.#connection)
  }
}
