/**
 * The life of one socket of any face: authentication by its upgrade or its first frame, then its commands in the order
 * they were sent, within a rate limit, until it closes. The face defines the frames ({@link SocketProtocol}).
 */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type WebSocket from 'ws'
import { isRenewalOf, type Principal } from '../domain/accounts/principal.ts'
import { asChatError, ChatError } from '../domain/errors.ts'
import { readTextFrames, type TextReader } from '../lib/websocket/frame-reader.ts'
import { closeLabel } from '../observability/metrics/metrics.ts'
import { parseTraceparent } from '../observability/tracing/trace-context.ts'
import { parseFrame, refOf } from './client-frame.ts'
import { CLOSE_CODES } from './close-codes.ts'
import type { Connection, WebSocketHandle } from './connection.ts'
import { type FrameHandler, FrameIntake, type IncomingFrame } from './frame-intake.ts'
import { FrameRate } from './frame-rate.ts'
import { SocketAnswers } from './socket-answers.ts'
import type { Admission, SocketContext } from './socket-context.ts'
import { SocketEntrance } from './socket-entrance.ts'
import { type ChangeRequest, type PostRequest, SocketPost } from './socket-post.ts'
import type { Answer, Command, SocketProtocol } from './socket-protocol.ts'

/** A frame counts once more towards the rate of its user for each 2 ** 8 characters. */
const LENGTH_SHIFT = 8

/** The part of a WebSocket (`ws`) that is used, besides its close. */
type ServerWebSocket = WebSocketHandle & Pick<WebSocket, 'on' | 'readyState' | 'OPEN'>

/** Parts of a session. */
export type SocketParts<Own extends Command> = {
  context: SocketContext
  protocol: SocketProtocol<Own>
  webSocket: ServerWebSocket
  /** The TCP socket under the WebSocket. */
  socket: Socket
  admission: Admission
  /** The token of the upgrade, where it authenticates the socket. */
  token?: string | undefined
}

/** Serves a socket until it closes. */
export class SocketSession<Own extends Command = Command> implements FrameHandler, TextReader {
  readonly #context: SocketContext
  readonly #protocol: SocketProtocol<Own>
  readonly #webSocket: ServerWebSocket
  readonly #rate: FrameRate | undefined
  readonly #intake: FrameIntake
  readonly #answers: SocketAnswers
  readonly #entrance: SocketEntrance<Own>
  /** The network address of the client. */
  readonly address: string
  /** From the authentication on. */
  #connection: Connection | undefined

  constructor ({ context, protocol, webSocket, socket, admission, token }: SocketParts<Own>) {
    const { framesPerSecond, frameBurst, maxFrameBytes } = context.limits
    this.#context = context
    this.#protocol = protocol
    this.#webSocket = webSocket
    this.address = admission.address
    this.#rate = context.isRateLimited ? new FrameRate(framesPerSecond, frameBurst) : undefined
    this.#intake = new FrameIntake(webSocket, this)
    this.#answers = new SocketAnswers(context, protocol)
    this.#entrance = new SocketEntrance({ context, protocol, webSocket, socket, admission })
    context.metrics.socketsOpened++
    const stopReading = readTextFrames(socket, maxFrameBytes, this)
    webSocket.on('message', (data, isBinary) => {
      if (Buffer.isBuffer(data)) this.#take(isBinary ? undefined : data.toString())
    })
    webSocket.on('pong', () => this.#noteLife())
    webSocket.on('error', () => {
      stopReading()
      this.#connection?.markClosed()
      // For malformed frames `ws` has already sent the right close code, and this changes nothing.
      if (this.#connection === undefined) this.#entrance.turnAway(CLOSE_CODES.internal, '')
      else webSocket.close(CLOSE_CODES.internal)
    })
    webSocket.on('close', (code) => this.#forget(code))
    if (token !== undefined) void this.#intake.waitFor(this.#enter(() => ({ token, first: undefined })))
  }

  /** The user of an authenticated socket. @throws {ChatError} `unauthenticated` before that */
  get user (): Pick<Principal, 'userId' | 'username' | 'chats'> {
    if (this.#connection === undefined) throw new ChatError('unauthenticated')
    return this.#connection.principal
  }

  /** The connection while it is open. */
  get connection (): Connection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined
  }

  /** The environment of all sockets. */
  get context (): SocketContext {
    return this.#context
  }

  /** The chat of an id of `/v1`, if the id says it or the socket follows the chat. */
  chatIdOf (name: string): number | undefined {
    const { connection } = this
    return connection === undefined ? undefined : this.#context.hub.chatIdOf(connection, name)
  }

  readText (text: string): void {
    this.#take(text)
  }

  /** Sends one frame to this socket alone. Nothing is sent once it is closing. */
  send (answer: Answer): void {
    this.#connection?.tell(answer)
  }

  /** Posts are not awaited, so that a socket's posts share batches; the event writer keeps their order. */
  post (request: PostRequest): void {
    const connection = this.#connection
    // A leaving socket can no longer be answered, but posts that it sent before it knew need not be lost.
    if (connection === undefined) return
    const span = this.#context.tracing?.begin(this.#protocol.postSpan, {
      kind: 'server',
      parent: parseTraceparent(request.traceparent),
      attributes: { 'chat.id': request.chatId, 'user.id': connection.principal.userId }
    })
    connection.beginPost()
    this.#context.post(new SocketPost(this.#answers, connection, request, span))
  }

  /** Changes a message by its author, in the order of the posts; an error is answered. */
  change (request: ChangeRequest): void {
    const connection = this.#connection
    if (connection === undefined) return
    const { chatId, messageId, text } = request
    connection.beginPost()
    this.#context.change({
      chatId,
      messageId,
      text,
      author: { ...connection.principal, address: this.address },
      onSettled: (outcome) => this.#answers.answerChange(connection, request, outcome)
    })
  }

  /**
   * Makes the socket follow all chats of its user from now on, each event once, joined or not, and tells it who of the
   * user's contacts is online. Resolves when it does, or when the store has failed, and then it follows them as soon as
   * they can be read.
   */
  async followAll (): Promise<void> {
    const { connection } = this
    if (connection === undefined) return
    await this.#context.following.add(connection, this.#protocol.followingCodec ?? this.#protocol.codec)
  }

  /** Resolves if the user is in a chat. @throws {ChatError} `not_a_participant`, `unavailable` */
  async confirmMember (chatId: number): Promise<void> {
    const { connection } = this
    if (connection !== undefined) await this.#context.hub.confirmMember(connection, chatId)
  }

  /**
   * Passes on that the user is typing in a chat. It has a rate of its own, so that it takes nothing from that of posts;
   * beyond its own it is dropped, and counts like any other frame.
   */
  noteTyping (chatId: number): void {
    const { connection } = this
    if (connection === undefined || !this.#context.hub.typing.note(connection, chatId)) return
    this.#rate?.refund()
    this.#context.userFrames?.take(connection.principal.userId, -1)
  }

  /** Ends what a join of the chat has given to the socket. */
  leave (chatId: number): void {
    const { connection } = this
    if (connection !== undefined) this.#context.hub.leave(connection, chatId)
  }

  /**
   * A newer token of the same user, for the same chats, extends the life of the socket; with any other this throws, and
   * the old token stays.
   * @throws {ChatError} `unauthenticated`
   */
  async renew (token: string): Promise<void> {
    const { connection } = this
    if (connection === undefined) return
    const principal = await this.#context.authenticate(token)
    if (!isRenewalOf(principal, connection.principal)) throw new ChatError('unauthenticated')
    const { connections } = this.#context
    connections.remove(connection)
    connection.renew(principal)
    if (connection.isOpen) connections.add(connection)
  }

  /** From now on the socket lives as long as its session, whichever access token it was opened with. */
  followSession (): void {
    this.connection?.followSession()
  }

  #noteLife (): void {
    this.#connection?.noteLife()
  }

  #take (frame: IncomingFrame): void {
    this.#noteLife()
    this.#intake.take(frame)
  }

  notePause (isPaused: boolean): void {
    this.#connection?.notePause(isPaused)
  }

  handle (frame: IncomingFrame): Promise<void> | undefined {
    const connection = this.#connection
    if (connection === undefined)
      return this.#webSocket.readyState === this.#webSocket.OPEN ? this.#enter(() => this.#tokenIn(frame)) : undefined
    if (!(connection.isOpen || connection.isLeaving) || !this.#isWithinRate(connection)) return undefined
    const waitMs = this.#context.userFrames?.take(connection.principal.userId, costOf(frame)) ?? 0
    return waitMs > 0 ? this.#performLater(connection, frame, waitMs) : this.#perform(connection, frame)
  }

  /** Handles a frame of a user whose sockets together are too fast. Meanwhile this one is not read. */
  async #performLater (connection: Connection, frame: IncomingFrame, waitMs: number): Promise<void> {
    await sleep(waitMs, undefined, { ref: false })
    if (connection.isOpen || connection.isLeaving) await this.#perform(connection, frame)
  }

  #perform (connection: Connection, frame: IncomingFrame): Promise<void> | undefined {
    let parsed: object | undefined
    try {
      parsed = parseFrame(frame)
      const command = this.#protocol.decode(parsed)
      this.#context.metrics.framesReceived.add(command.type)
      return this.#protocol
        .perform(this, command)
        ?.catch((error: unknown) => this.#answers.answerError(connection, error, refOf(parsed)))
    } catch (error) {
      this.#noteBadFrame(error)
      this.#answers.answerError(connection, error, refOf(parsed))
      return undefined
    }
  }

  #isWithinRate (connection: Connection): boolean {
    const verdict = this.#rate?.take() ?? 'accept'
    if (verdict === 'accept') return true
    this.#context.metrics.rateLimited.add('frames')
    connection.tell(this.#protocol.error(new ChatError('too_many_frames'), undefined, undefined))
    if (verdict === 'close') connection.close(CLOSE_CODES.refused, 'too many frames')
    return false
  }

  /** Reads the token of a first frame. @throws {ChatError} when there is none */
  #tokenIn (frame: IncomingFrame): { token: string, first: Own } {
    const first = this.#protocol.decode(parseFrame(frame))
    this.#context.metrics.framesReceived.add(first.type)
    const token = this.#protocol.authentication?.tokenOf(first)
    if (token === undefined) throw new ChatError('unauthenticated')
    return { token, first }
  }

  /** Authenticates the socket and greets it, or turns it away. */
  async #enter (read: () => { token: string, first: Own | undefined }): Promise<void> {
    let entry: { token: string, first: Own | undefined }
    try {
      entry = read()
    } catch (error) {
      this.#entrance.fail(asChatError(error))
      return
    }
    const principal = await this.#entrance.authenticate(entry.token)
    const connection = principal && this.#entrance.admit(principal)
    if (connection === undefined) return
    this.#connection = connection
    // Further frames wait for the answer to the first.
    connection.notePause(this.#intake.isPaused)
    this.#entrance.leave()
    this.#context.connections.add(connection)
    await this.#protocol
      .welcome(this, entry.first)
      ?.catch((error: unknown) => this.#answers.answerError(connection, error, undefined))
  }

  /**
   * Frames that are no command of the face are counted by the kind of error, not by the `type` that the client sent.
   */
  #noteBadFrame (error: unknown): void {
    this.#context.metrics.framesReceived.add(asChatError(error).code === 'unknown_action' ? 'unknown' : 'invalid')
  }

  #forget (code: number): void {
    const { connections, following, userFeeds, watchedUsers, hub, metrics } = this.#context
    this.#entrance.leave()
    metrics.socketsClosed.add(closeLabel(this.#connection?.closedWith ?? code))
    if (this.#connection === undefined) return
    for (const follower of [connections, following, userFeeds, watchedUsers, hub]) follower.remove(this.#connection)
  }
}

function costOf (frame: IncomingFrame): number {
  return 1 + ((frame?.length ?? 0) >> LENGTH_SHIFT)
}
