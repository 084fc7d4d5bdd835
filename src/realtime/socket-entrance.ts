/** A socket that is not authenticated yet: its deadline, its slot, and how it is turned away. */
import type { ErrorCode } from '../domain/errors.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import type { WebSocketHandle } from './connection.ts'
import type { Admission, SocketContext } from './socket-context.ts'

/** How long the client of a refused socket has to answer the close, in milliseconds. */
const CLOSE_GRACE_MS = 1_000

/** Parts of the entrance. */
export type EntranceParts = {
  context: Pick<SocketContext, 'limits' | 'metrics' | 'log'>
  webSocket: Pick<WebSocketHandle, 'close' | 'terminate'>
  admission: Admission
  /** What is missing when the deadline comes, for the close reason. */
  missing: string
}

/** Closes a socket that is not authenticated in time, or not at all, and logs the reason. */
export class SocketEntrance {
  readonly #parts: EntranceParts
  readonly #address: string
  #admission: Admission | undefined
  /** The deadline of the authentication, then that of the answer to a close. */
  #timer: NodeJS.Timeout | undefined

  constructor (parts: EntranceParts) {
    this.#parts = parts
    this.#admission = parts.admission
    this.#address = parts.admission.address
    const { limits: { authDeadlineMs } } = parts.context
    this.#timer = setTimeout(() => this.#refuse('timeout', `${parts.missing} in time`), authDeadlineMs)
  }

  /** The socket is authenticated: the deadline no longer applies. */
  meetDeadline (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** The socket is admitted or closed: its slot is free. */
  leave (): void {
    this.meetDeadline()
    this.#admission?.release()
    this.#admission = undefined
  }

  /** Turns a socket away after a failed authentication. */
  fail (code: ErrorCode): void {
    if (code !== 'unavailable' && code !== 'internal') {
      this.#refuse('refused', 'not authenticated')
      return
    }
    this.#parts.context.metrics.authFailures.add('unavailable')
    this.#log(code)
    this.turnAway(CLOSE_CODES.tryAgainLater, 'cannot authenticate now')
  }

  /** Turns away a socket of a user who has too many. */
  failFull (userId: number): void {
    this.#parts.context.metrics.authFailures.add('too_many_sockets')
    this.#log('too_many_sockets', userId)
    this.turnAway(CLOSE_CODES.tryAgainLater, 'too many sockets')
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
    this.#parts.context.log.info({ event: 'socket', result, userId, address: this.#address }, 'authentication')
  }
}
