/** The part of a socket's life that a face defines: the codec of events, and the commands of its clients. */
import type { ChatError } from '../domain/errors.ts'
import type { Receipt } from '../domain/events/event-writer.ts'
import type { RefValue } from './client-frame.ts'
import type { Codec } from './codec.ts'
import type { SocketSession } from './socket-session.ts'

/** A frame that the server sends to one socket. `type` is a label of the metrics. */
export type Answer = { readonly type: string }

/** A command of a client. `type` is a label of the metrics, so it must come from a short list. */
export type Command = { readonly type: string }

/** The frames of a face. It is shared by all sockets and has no state of any. */
export type SocketProtocol<Own extends Command = Command> = {
  readonly codec: Codec
  /** Every `type` of a command, for the metrics. */
  readonly commandTypes: readonly string[]
  /** Every `type` of an answer, for the metrics. */
  readonly answerTypes: readonly string[]
  /** The type of the command that must come first, for the close reason when it does not come. */
  readonly firstCommand: string
  /** Name of the span of a post. */
  readonly postSpan: string
  /** Decodes the command in a frame. @throws {ChatError} `unknown_action`, `invalid_input` */
  decode: (frame: object) => Own
  /** The token with which a first command authenticates the socket; undefined for another command. */
  tokenOf: (command: Own) => string | undefined
  /** Greets a socket that its first command has authenticated. Later frames wait for a returned promise. */
  welcome: (session: SocketSession<Own>, first: Own) => Promise<void> | undefined
  /**
   * Performs a command of an authenticated socket and answers it. Later frames wait for a returned promise; an error
   * that it throws or rejects with is answered by {@link SocketProtocol.error}.
   */
  perform: (session: SocketSession<Own>, command: Own) => Promise<void> | undefined
  /** The acknowledgement of a post that has a `ref`. */
  postAck: (ref: RefValue, receipt: Receipt) => Answer
  /** An error frame, with the `ref` of the refused command, if it had one, and the epoch for errors about it. */
  error: (error: ChatError, ref: RefValue | undefined, epoch: string | undefined) => Answer
}
