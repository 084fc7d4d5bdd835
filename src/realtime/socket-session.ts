/**
 * The life of one socket of any face: authentication by its first frame, then its commands in the order they were sent,
 * within a rate limit, until it closes. The face defines the frames ({@link SocketProtocol}).
 */
import type { Socket } from 'node:net'
import type WebSocket from 'ws'
import type { Session } from '../domain/accounts/sessions.ts'
import { asChatError, ChatError, type ErrorCode } from '../domain/errors.ts'
import type { Receipt } from '../domain/events/event-writer.ts'
import { readTextFrames, type TextReader } from '../lib/websocket/frame-reader.ts'
import { closeLabel } from '../observability/metrics/metrics.ts'
import { parseTraceparent } from '../observability/tracing/trace-context.ts'
import { parseFrame, refOf, type RefValue } from './client-frame.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import { Connection, type WebSocketHandle } from './connection.ts'
import { FrameQueue, type IncomingFrame } from './frame-queue.ts'
import { FrameRate } from './frame-rate.ts'
import type { Admission, SocketContext } from './socket-context.ts'
import { type Answerer, type PostRequest, SocketPost } from './socket-post.ts'
import type { Answer, Command, SocketProtocol } from './socket-protocol.ts'

const MS_PER_S = 1_000
/** How long the client of a refused socket has to answer the close, in milliseconds. */
const CLOSE_GRACE_MS = 1_000

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
}

/** Serves a socket until it closes. */
export class SocketSession<Own extends Command = Command> implements Answerer, TextReader {
  readonly #context: SocketContext
  readonly #protocol: SocketProtocol<Own>
  readonly #webSocket: ServerWebSocket
  readonly #socket: Socket
  readonly #rate: FrameRate | undefined
  /** While a frame is being awaited. */
  #queue: FrameQueue | undefined
  /** Until the socket is authenticated. */
  #admission: Admission | undefined
  /** The deadline of the first frame, then that of the answer to a close. */
  #timer: NodeJS.Timeout | undefined
  #connection: Connection | undefined

  constructor ({ context, protocol, webSocket, socket, admission }: SocketParts<Own>) {
    const { authDeadlineMs, framesPerSecond, frameBurst, maxFrameBytes } = context.limits
    this.#context = context
    this.#protocol = protocol
    this.#webSocket = webSocket
    this.#socket = socket
    this.#admission = admission
    this.#rate = context.isRateLimited ? new FrameRate(framesPerSecond, frameBurst) : undefined
    this.#timer = setTimeout(() => this.#refuse('timeout', `no ${protocol.firstCommand} frame in time`), authDeadlineMs)
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
      if (this.#connection === undefined) this.#turnAway(CLOSE_CODES.internal, '')
      else webSocket.close(CLOSE_CODES.internal)
    })
    webSocket.on('close', (code) => this.#forget(code))
  }

  readText (text: string): void {
    this.#take(text)
  }

  /** Sends one frame to this socket alone. Nothing is sent once it is closing. */
  send (answer: Answer): void {
    if (this.#connection !== undefined) this.#send(this.#connection, answer)
  }

  /** Posts are not awaited, so that a socket's posts share batches; the event writer keeps their order. */
  post (request: PostRequest): void {
    const connection = this.#connection
    // A leaving socket can no longer be answered, but posts that it sent before it knew need not be lost.
    if (connection === undefined) return
    const span = this.#context.tracing?.begin(this.#protocol.postSpan, {
      kind: 'server',
      parent: parseTraceparent(request.traceparent),
      attributes: { 'chat.id': request.chatId, 'user.id': connection.session.userId }
    })
    connection.beginPost()
    this.#context.post(new SocketPost(this, connection, request, span))
  }

  /** Answers a post of this socket. */
  answerPost ({ connection, ref, startedAt, span }: SocketPost, outcome: Receipt | ChatError): void {
    const { metrics } = this.#context
    if (outcome instanceof ChatError) {
      span?.fail(outcome.code)
      this.#answerError(connection, outcome, ref)
    } else {
      if (ref !== undefined) this.#send(connection, this.#protocol.postAck(ref, outcome))
      if (outcome.duplicate) metrics.postDuplicates++
      metrics.postSeconds.observe((performance.now() - startedAt) / MS_PER_S)
      span?.end({ 'chat.seq': outcome.message.seq })
    }
    connection.endPost()
  }

  /**
   * Makes the socket follow a chat, when the posts before it are answered.
   * @param after the seq up to which the client has everything; later events are replayed first. Without it: from now
   * on
   * @param known the epoch of the client's position; undefined when it does not send one
   * @returns the seq up to which the socket has received everything, and its epoch; undefined when it is closing
   * @throws {ChatError} those of {@link Hub.join}, and `epoch_changed`
   */
  async join (
    chatId: number,
    { after, known }: { after: number | undefined, known: string | undefined }
  ): Promise<{ seq: number, epoch: string } | undefined> {
    const connection = this.#openConnection()
    if (connection === undefined) return undefined
    await connection.postsSettled()
    const { epoch, hub } = this.#context
    if (known !== undefined) await epoch.confirm(known)
    const { current } = epoch
    const seq = await hub.join(connection, chatId, after).catch(async (error: unknown) => {
      // The chat is shorter than its reader knew: the epoch may have changed, and this replica may be the first to
      // notice.
      if (asChatError(error).code === 'position_unknown' && known !== undefined) {
        await epoch.check()
        await epoch.confirm(known)
      }
      throw error
    })
    return { seq, epoch: current }
  }

  /** Makes the socket stop following a chat. */
  leave (chatId: number): void {
    const connection = this.#openConnection()
    if (connection !== undefined) this.#context.hub.leave(connection, chatId)
  }

  /**
   * A newer token of the same user extends the life of the socket; with any other this throws, and the old token stays.
   * @throws {ChatError} `unauthenticated`
   */
  async renew (token: string): Promise<void> {
    const connection = this.#openConnection()
    if (connection === undefined) return
    const session = await this.#context.authenticate(token)
    if (session.userId !== connection.session.userId) throw new ChatError('unauthenticated')
    const { connections } = this.#context
    connections.remove(connection)
    connection.renew(session)
    if (connection.isOpen) connections.add(connection)
  }

  #openConnection (): Connection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined
  }

  #noteLife (): void {
    if (this.#connection !== undefined) this.#connection.isAlive = true
  }

  #take (frame: IncomingFrame): void {
    this.#noteLife()
    if (this.#queue !== undefined) this.#queue.add(frame)
    else {
      const pending = this.#handle(frame)
      if (pending !== undefined) void this.#waitFor(pending)
    }
  }

  /** Frames that arrive while a frame is being awaited are handled after it, in order. */
  async #waitFor (pending: Promise<void>): Promise<void> {
    const queue = (this.#queue = new FrameQueue())
    this.#webSocket.pause()
    await pending
    await queue.empty((frame) => this.#handle(frame))
    this.#queue = undefined
    // Also when the socket is closing: the client's half of the handshake must be read.
    this.#webSocket.resume()
  }

  /** Handles a frame. A returned promise means that the next one must wait. */
  #handle (frame: IncomingFrame): Promise<void> | undefined {
    const connection = this.#connection
    if (connection === undefined)
      return this.#webSocket.readyState === this.#webSocket.OPEN ? this.#authenticate(frame) : undefined
    if (!(connection.isOpen || connection.isLeaving) || !this.#isWithinRate(connection)) return undefined
    let parsed: object | undefined
    try {
      parsed = parseFrame(frame)
      const command = this.#protocol.decode(parsed)
      this.#context.metrics.framesReceived.add(command.type)
      return this.#protocol
        .perform(this, command)
        ?.catch((error: unknown) => this.#answerError(connection, error, refOf(parsed)))
    } catch (error) {
      this.#noteBadFrame(error)
      this.#answerError(connection, error, refOf(parsed))
      return undefined
    }
  }

  #isWithinRate (connection: Connection): boolean {
    const verdict = this.#rate?.take() ?? 'accept'
    if (verdict === 'accept') return true
    this.#context.metrics.rateLimited.add('frames')
    this.#send(connection, this.#protocol.error(new ChatError('too_many_frames'), undefined, undefined))
    if (verdict === 'close') connection.close(CLOSE_CODES.refused, 'too many frames')
    return false
  }

  async #authenticate (frame: IncomingFrame): Promise<void> {
    const { metrics, authenticate } = this.#context
    let first: Own
    let session: Session
    try {
      first = this.#protocol.decode(parseFrame(frame))
      metrics.framesReceived.add(first.type)
      const token = this.#protocol.tokenOf(first)
      if (token === undefined) throw new ChatError('unauthenticated')
      session = await authenticate(token)
    } catch (error) {
      const { code } = asChatError(error)
      if (code === 'unavailable' || code === 'internal') {
        metrics.authFailures.add('unavailable')
        this.#logFailure(code)
        this.#turnAway(CLOSE_CODES.tryAgainLater, 'cannot authenticate now')
      } else this.#refuse('refused', 'not authenticated')
      return
    }
    // Refused in the meantime, which has reset the timer.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const connection = this.#admit(session)
    if (connection === undefined) return
    await this.#protocol
      .welcome(this, first)
      ?.catch((error: unknown) => this.#answerError(connection, error, undefined))
  }

  /** Admits an authenticated socket. @returns undefined when the user has too many sockets */
  #admit (session: Session): Connection | undefined {
    const { connections, limits, metrics } = this.#context
    const connection = new Connection({
      webSocket: this.#webSocket,
      socket: this.#socket,
      codec: this.#protocol.codec,
      session,
      limits,
      metrics
    })
    if (!connections.hasRoomFor(session.userId)) {
      metrics.authFailures.add('too_many_sockets')
      this.#send(connection, this.#protocol.error(new ChatError('too_many_sockets'), undefined, undefined))
      this.#logFailure('too_many_sockets', session.userId)
      this.#turnAway(CLOSE_CODES.tryAgainLater, 'too many sockets')
      return undefined
    }
    this.#connection = connection
    this.#admission?.release()
    this.#admission = undefined
    connections.add(connection)
    return connection
  }

  #answerError (connection: Connection, error: unknown, ref: RefValue | undefined): void {
    const { epoch, log } = this.#context
    const chatError = asChatError(error)
    if (chatError.code === 'internal' || chatError.code === 'unavailable') log.error({ err: error }, 'action failed')
    this.#send(
      connection,
      this.#protocol.error(chatError, ref, chatError.code === 'epoch_changed' ? epoch.current : undefined)
    )
  }

  #send (connection: Connection, answer: Answer): void {
    if (!connection.isOpen) return
    this.#context.metrics.framesSent.add(answer.type)
    connection.send(answer)
  }

  /**
   * Frames that are no command of the face are counted by the kind of error, not by the `type` that the client sent.
   */
  #noteBadFrame (error: unknown): void {
    this.#context.metrics.framesReceived.add(asChatError(error).code === 'unknown_action' ? 'unknown' : 'invalid')
  }

  /** Refuses a socket whose client must not reconnect with the same token. */
  #refuse (cause: 'refused' | 'timeout', reason: string): void {
    this.#context.metrics.authFailures.add(cause)
    this.#logFailure(cause === 'timeout' ? cause : 'unauthenticated')
    this.#turnAway(CLOSE_CODES.refused, reason)
  }

  /** Logs a refused socket and the reason; the token, which may be valid elsewhere, is not logged. */
  #logFailure (result: ErrorCode | 'timeout', userId?: number): void {
    const address = this.#admission?.address
    this.#context.log.info({ event: 'socket', result, userId, address }, 'authentication')
  }

  /** Closes a refused socket. It is cut soon after, even if its client does not answer the close. */
  #turnAway (code: CloseCode, reason: string): void {
    this.#webSocket.close(code, reason)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#webSocket.terminate(), CLOSE_GRACE_MS)
  }

  #forget (code: number): void {
    const { connections, hub, metrics } = this.#context
    clearTimeout(this.#timer)
    this.#admission?.release()
    this.#admission = undefined
    metrics.socketsClosed.add(closeLabel(this.#connection?.closedWith ?? code))
    if (this.#connection === undefined) return
    connections.remove(this.#connection)
    hub.remove(this.#connection)
  }
}
