/** A socket that is not authenticated yet: its deadline, its slot, and how it is admitted or turned away. */
import type { Principal } from '../domain/accounts/principal.ts'
import { asChatError, ChatError, type ErrorCode } from '../domain/errors.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import { Connection, type FrameSink, type WebSocketHandle } from './connection.ts'
import type { Admission, SocketContext } from './socket-context.ts'
import type { Command, SocketProtocol } from './socket-protocol.ts'

/** How long the client of a refused socket has to answer the close, in milliseconds. */
const CLOSE_GRACE_MS = 1_000

/** The part of a WebSocket (`ws`) that is used. */
type EnteringWebSocket = WebSocketHandle & { readonly readyState: number, readonly OPEN: number }

/** Parts of the entrance. */
export type EntranceParts<Own extends Command> = {
  context: Pick<SocketContext, 'authenticate' | 'connections' | 'limits' | 'metrics' | 'log'>
  protocol: SocketProtocol<Own>
  webSocket: EnteringWebSocket
  /** The TCP socket under the WebSocket. */
  socket: FrameSink
  admission: Admission
}

/** Admits a socket, or closes it when it is not authenticated in time, or not at all, and logs the reason. */
export class SocketEntrance<Own extends Command = Command> {
  readonly #parts: EntranceParts<Own>
  #admission: Admission | undefined
  /** The deadline of the authentication, then that of the answer to a close. */
  #timer: NodeJS.Timeout | undefined

  constructor (parts: EntranceParts<Own>) {
    const { context: { limits }, protocol: { authentication } } = parts
    this.#parts = parts
    this.#admission = parts.admission
    const missing = authentication === undefined ? 'not authenticated' : `no ${authentication.command} frame`
    this.#timer = setTimeout(() => this.#refuse('timeout', `${missing} in time`), limits.authDeadlineMs)
  }

  /** Authenticates the socket by a token. @returns undefined when it was turned away */
  async authenticate (token: string): Promise<Principal | undefined> {
    const { context, webSocket } = this.#parts
    try {
      const principal = await context.authenticate(token)
      // Refused in the meantime, which has reset the timer.
      if (webSocket.readyState !== webSocket.OPEN) return undefined
      this.#meetDeadline()
      return principal
    } catch (error) {
      this.fail(asChatError(error))
      return undefined
    }
  }

  /** Makes the connection of an authenticated socket. @returns undefined when its user has too many */
  admit (principal: Principal): Connection | undefined {
    const { context: { connections, limits, metrics }, protocol, webSocket, socket } = this.#parts
    const { codec, farewell } = protocol
    const connection = new Connection({ webSocket, socket, codec, principal, limits, metrics, farewell })
    if (connections.hasRoomFor(principal.userId)) return connection
    connection.tell(protocol.error(new ChatError('too_many_sockets'), undefined, undefined))
    metrics.authFailures.add('too_many_sockets')
    this.#log('too_many_sockets', principal.userId)
    this.turnAway(CLOSE_CODES.tryAgainLater, 'too many sockets')
    return undefined
  }

  /** The deadline no longer applies. */
  #meetDeadline (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** The socket is admitted or closed: its slot is free. */
  leave (): void {
    this.#meetDeadline()
    this.#admission?.release()
    this.#admission = undefined
  }

  /** Turns a socket away after a failed authentication; its client is told why if its face does so. */
  fail (error: ChatError): void {
    const { context, protocol, socket } = this.#parts
    const { code } = error
    if (protocol.authentication?.isExplained === true && socket.writable)
      socket.write(encodeTextFrame(JSON.stringify(protocol.error(error, undefined, undefined))))
    if (code !== 'unavailable' && code !== 'internal') {
      this.#refuse('refused', 'not authenticated')
      return
    }
    context.metrics.authFailures.add('unavailable')
    this.#log(code)
    this.turnAway(CLOSE_CODES.tryAgainLater, 'cannot authenticate now')
  }

  /** Closes the socket. It is cut soon after, even if its client does not answer the close. */
  turnAway (code: CloseCode, reason: string): void {
    const { webSocket } = this.#parts
    webSocket.close(code, reason)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => webSocket.terminate(), CLOSE_GRACE_MS)
  }

  /** Refuses a socket whose client must not reconnect with the same token. */
  #refuse (cause: 'refused' | 'timeout', reason: string): void {
    this.#parts.context.metrics.authFailures.add(cause)
    this.#log(cause === 'timeout' ? cause : 'unauthenticated')
    this.turnAway(CLOSE_CODES.refused, reason)
  }

  /** The token, which may be valid elsewhere, is not logged. */
  #log (result: ErrorCode | 'timeout', userId?: number): void {
    const { context, admission: { address } } = this.#parts
    context.log.info({ event: 'socket', result, userId, address }, 'authentication')
  }
}
