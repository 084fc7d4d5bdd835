/** The part of a socket's life that a face defines: the codec of events, and the commands of its clients. */
import type { ChatError } from '../domain/errors.ts'
import type { ChangeReceipt } from '../domain/events/change.ts'
import type { Receipt } from '../domain/events/post.ts'
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
  /** The codec of sockets that follow all chats of their user, if it is another one. */
  readonly followingCodec?: Codec
  /** Every `type` of a command, for the metrics. */
  readonly commandTypes: readonly string[]
  /** Every `type` of an answer, for the metrics. */
  readonly answerTypes: readonly string[]
  /** The command that must come first, where a socket is not authenticated by its upgrade. */
  readonly authentication?: {
    /** Its type, for the close reason when it does not come. */
    readonly command: string
    /** The token in the command; undefined for another command. */
    tokenOf: (command: Own) => string | undefined
    /** Whether a socket that is turned away gets an error first. */
    isExplained?: true
  }
  /** Name of the span of a post. */
  readonly postSpan: string
  /** Decodes the command in a frame. @throws {ChatError} `unknown_action`, `invalid_input` */
  decode: (frame: object) => Own
  /**
   * Greets a socket that has been authenticated, by its first command unless that was done by its upgrade. Later frames
   * wait for a returned promise.
   */
  welcome: (session: SocketSession<Own>, first: Own | undefined) => Promise<void> | undefined
  /**
   * Performs a command of an authenticated socket and answers it. Later frames wait for a returned promise; an error
   * that it throws or rejects with is answered by {@link SocketProtocol.error}.
   */
  perform: (session: SocketSession<Own>, command: Own) => Promise<void> | undefined
  /** The acknowledgement of a post, if it has one; missing where posts have none. */
  postAck?: (ref: RefValue | undefined, receipt: Receipt) => Answer | undefined
  /** The acknowledgement of a change, if it has one; missing where changes have none. */
  changeAck?: (ref: RefValue | undefined, chatId: number, receipt: ChangeReceipt) => Answer | undefined
  /** An error frame, with the `ref` of the refused command, if it had one, and the epoch for errors about it. */
  error: (error: ChatError, ref: RefValue | undefined, epoch: string | undefined) => Answer
  /** What a socket is told before it is closed to be opened again elsewhere, if anything. */
  farewell?: () => Answer
}
